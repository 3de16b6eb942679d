/**
 * The router: every procedure that clients can call. It holds no logic.
 *
 * @module
 */

import { clustersRouter } from "./clusters_router.ts";
import { jobsRouter } from "./jobs_router.ts";
import { sessionsRouter } from "./sessions_router.ts";
import { systemRouter } from "./system_router.ts";
import { router } from "./trpc.ts";

/** Every procedure that clients can call. */
export const appRouter = router({
  clusters: clustersRouter,
  jobs: jobsRouter,
  sessions: sessionsRouter,
  system: systemRouter,
});

/** Type of {@linkcode appRouter}, from which clients infer theirs. */
export type AppRouter = typeof appRouter;

/** What a procedure does: it asks, it changes something, or it follows. */
export type ProcedureKind = "query" | "mutation" | "subscription";

const kinds: ReadonlyMap<string, ProcedureKind> = new Map(
  Object.entries(appRouter._def.record).flatMap(([group, procedures]) =>
    Object.entries(procedures).map(([name, { _def }]) => [`${group}.${name}`, _def.type] as const)
  ),
);

/** The kind of the procedure of that name, or `undefined` where there is none. */
export function kindOf(path: string): ProcedureKind | undefined {
  return kinds.get(path);
}

/**
 * The router: every procedure that clients can call. It holds no logic.
 *
 * @module
 */

import { clustersRouter } from "./clusters_router.ts";
import { jobsRouter } from "./jobs_router.ts";
import { systemRouter } from "./system_router.ts";
import { router } from "./trpc.ts";

/** Every procedure that clients can call. */
export const appRouter = router({
  clusters: clustersRouter,
  jobs: jobsRouter,
  system: systemRouter,
});

/** Type of {@linkcode appRouter}, from which clients infer theirs. */
export type AppRouter = typeof appRouter;

const feeds: ReadonlySet<string> = new Set(
  Object.entries(appRouter._def.record).flatMap(([name, procedures]) =>
    Object.entries(procedures)
      .filter(([, { _def }]) => _def.type === "subscription")
      .map(([procedure]) => `${name}.${procedure}`)
  ),
);

/** Whether the procedure of that name is a subscription. */
export function isFeed(path: string): boolean {
  return feeds.has(path);
}

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

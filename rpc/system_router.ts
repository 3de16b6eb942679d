/**
 * `system.*`: Sluice itself.
 *
 * @module
 */

import {
  actorViewSchema,
  deadLettersSchema,
  healthSchema,
  metricsSchema,
  versionSchema,
} from "./system_schemas.ts";
import { procedure, router } from "./trpc.ts";

/** Procedures about Sluice itself. */
export const systemRouter = router({
  health: procedure.output(healthSchema).query(async ({ ctx }) => {
    const { clusters, ...rest } = await ctx.api.system.health();
    return { ...rest, clusters: [...clusters] };
  }),
  version: procedure.output(versionSchema).query(({ ctx }) => ctx.api.system.version()),
  tree: procedure.output(actorViewSchema).query(({ ctx }) => ctx.api.system.tree()),
  deadLetters: procedure.output(deadLettersSchema).query(({ ctx }) => [
    ...ctx.api.system.deadLetters(),
  ]),
  metrics: procedure.output(metricsSchema).query(({ ctx }) => ctx.api.system.metrics()),
});

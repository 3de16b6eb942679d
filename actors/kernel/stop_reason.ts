/**
 * Why an actor, or one incarnation of it, ended:
 * - `requested`: somebody called `stop`, or its parent ended.
 * - `finished`: it called `ctx.stop()` itself.
 * - `failed`: it failed, and is not restarted.
 * - `restarting`: this incarnation ends and another follows, since it or a sibling failed. Only the
 *   `stopped` hook sees this one: a restart is no end to those who watch.
 */
export type StopReason =
  | { readonly type: "requested" }
  | { readonly type: "finished" }
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "restarting"; readonly error: unknown };

/**
 * What an actor is doing: running `init`, handling messages, waiting for its restart, or ending its
 * incarnation (for good, or before a restart).
 */
export type ActorState = "starting" | "running" | "backing-off" | "stopping";

/** One actor of the live tree, as it is at this moment. */
export interface TreeNode {
  /** The last segment of the path. */
  readonly name: string;
  /** Where it is, such as `/root/cluster:dev/poller`. */
  readonly path: string;
  /** What it is doing. */
  readonly state: ActorState;
  /** How many messages wait in its mailbox. */
  readonly mailbox: number;
  /** How often it was restarted since it was spawned. */
  readonly restarts: number;
  /** How long ago it was spawned, in ms. */
  readonly ageMs: number;
  /** Its children, in the order they were started. */
  readonly children: readonly TreeNode[];
}

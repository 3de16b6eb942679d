/**
 * The program that starts Ray on the nodes of a job and ends it: what each node runs, as files. Pure.
 *
 * It is written in Python, since Ray brings Python to wherever it runs, and a shell can neither wait for
 * whichever comes first of a signal, a child's end and word from another node, nor ask Ray for its nodes.
 *
 * @module
 */

import type { PlanFile } from "../plan.ts";
import ADDRESSES from "./ray_addresses.py" with { type: "text" };
import ERRORS from "./ray_errors.py" with { type: "text" };
import EVENTS from "./ray_events.py" with { type: "text" };
import HEAD from "./ray_head.py" with { type: "text" };
import NODE from "./ray_node.py" with { type: "text" };
import NODES from "./ray_nodes.py" with { type: "text" };
import PAYLOAD from "./ray_payload.py" with { type: "text" };
import PEERS from "./ray_peers.py" with { type: "text" };
import STANDING from "./ray_standing.py" with { type: "text" };
import SUPERVISOR from "./ray_supervisor.py" with { type: "text" };
import TEMPORARY from "./ray_temporary.py" with { type: "text" };
import WORKER from "./ray_worker.py" with { type: "text" };

/** Name of the file that is run; the others are its modules. */
export const RAY_SUPERVISOR_FILE = "ray_supervisor.py";

const TEXTS: Readonly<Record<string, string>> = {
  "ray_addresses.py": ADDRESSES,
  "ray_errors.py": ERRORS,
  "ray_events.py": EVENTS,
  "ray_head.py": HEAD,
  "ray_node.py": NODE,
  "ray_nodes.py": NODES,
  "ray_payload.py": PAYLOAD,
  "ray_peers.py": PEERS,
  "ray_standing.py": STANDING,
  [RAY_SUPERVISOR_FILE]: SUPERVISOR,
  "ray_temporary.py": TEMPORARY,
  "ray_worker.py": WORKER,
};

/** The program's files, which must lie in the attempt's directory. */
export const RAY_PROGRAM: readonly PlanFile[] = Object.entries(TEXTS).map(([name, text]) => ({
  name,
  text,
  executable: false,
}));

/**
 * What holds a session's allocation: the agent that runs on its first node, and what steps need there. Pure.
 *
 * @module
 */

import type { Payload } from "../model/mod.ts";
import type { ExecutionPlan } from "./plan.ts";
import { agentScript } from "./session_agent.ts";
import { NESTED_SRUN_FILE, START_STEP_FILE, SWEEP_FILE } from "./session_files.ts";
import { nestedSrunScript, startStepScript, sweepScript } from "./session_tools.ts";

/** Name of the agent's script in the attempt's directory. */
const AGENT_FILE = "agent.sh";

/** The plan of the job that holds the allocation: it takes entries from its inbox and runs them as steps. */
export function sessionPlan(
  terms: Extract<Payload, { readonly kind: "allocation" }>,
): ExecutionPlan {
  const script = (name: string, text: string) => ({ name, text, executable: true });
  return {
    files: [
      script(AGENT_FILE, agentScript(terms)),
      script(START_STEP_FILE, startStepScript()),
      script(SWEEP_FILE, sweepScript()),
      script(NESTED_SRUN_FILE, nestedSrunScript()),
    ],
    body: [`exec "$sluice_dir/${AGENT_FILE}" "$sluice_dir"`],
    wakes: true,
    directives: [],
    directiveOptions: [],
  };
}

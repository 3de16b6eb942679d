import { commandLine } from "../../../shell/mod.ts";
import { runScript } from "../../testbed/mod.ts";
import type { BenchCluster } from "../bench_cluster.ts";
import { sshWords } from "../peers/address.ts";
import type { QueuedJob } from "./queued_jobs.ts";

/** So many jobs are asked for at the most. */
const SAMPLE = 30;

/**
 * `squeue -j ID` for each job, one after the other, each by a new `ssh` over the standing connection of
 * OpenSSH's ControlMaster: the CPU of all these `ssh` on this side for all jobs, in ms, computed from at
 * most 30 of them. What the master itself uses is not counted.
 */
export async function opensshPerJob(
  { workspace, address }: BenchCluster,
  jobs: readonly QueuedJob[],
): Promise<number> {
  const control = `ControlPath=${workspace.directory}/control`;
  const master = sshWords(address, [control, "ControlMaster=yes"]);
  const ssh = sshWords(address, [control, "ControlMaster=no"]);
  const sample = jobs.slice(0, SAMPLE).map(({ schedulerId }) => schedulerId);
  const printed = await runScript(
    "ask for each job by itself",
    [
      `${
        commandLine([master[0] ?? "ssh", "-f", "-N", ...master.slice(1)])
      } </dev/null >/dev/null 2>&1`,
      "sleep 1",
      'begun=$(cut -d ")" -f 2 /proc/$$/stat)',
      "for id; do",
      `  state=$(exec ${commandLine(ssh)} "squeue -h -j $id -o %T" </dev/null)`,
      '  [ "$state" = PENDING ] || exit 1',
      "done",
      'ended=$(cut -d ")" -f 2 /proc/$$/stat)',
      `${
        commandLine([master[0] ?? "ssh", "-O", "exit", ...master.slice(1)])
      } >/dev/null 2>&1 || true`,
      "set -- $begun; begun=$((${14} + ${15}))",
      "set -- $ended; echo $((${14} + ${15} - begun))",
    ].join("\n"),
    sample,
  );
  // In ticks of 10 ms.
  return Number(printed) * 10 * jobs.length / sample.length;
}

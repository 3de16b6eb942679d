/**
 * The long options of sbatch, and which of them Sluice keeps for itself.
 *
 * Source: sbatch(1) of Slurm 20.11 to 25.05.
 *
 * @module
 */

/** Whether an option takes a value. */
export type OptionValue = "none" | "optional" | "required";

const values = {
  "account": "required",
  "acctg-freq": "required",
  "array": "required",
  "batch": "required",
  "bb": "required",
  "bbf": "required",
  "begin": "required",
  "chdir": "required",
  "cluster": "required",
  "cluster-constraint": "required",
  "clusters": "required",
  "comment": "required",
  "consolidate-segments": "none",
  "constraint": "required",
  "container": "required",
  "container-id": "required",
  "context": "required",
  "contiguous": "none",
  "core-spec": "required",
  "cores-per-socket": "required",
  "cpu-freq": "required",
  "cpus-per-gpu": "required",
  "cpus-per-task": "required",
  "deadline": "required",
  "delay-boot": "required",
  "dependency": "required",
  "distribution": "required",
  "error": "required",
  "exclude": "required",
  "exclusive": "optional",
  "export": "required",
  "export-file": "required",
  "external": "none",
  "extra": "required",
  "extra-node-info": "required",
  "get-user-env": "optional",
  "gid": "required",
  "gpu-bind": "required",
  "gpu-freq": "required",
  "gpus": "required",
  "gpus-per-node": "required",
  "gpus-per-socket": "required",
  "gpus-per-task": "required",
  "gres": "required",
  "gres-flags": "required",
  "help": "none",
  "hint": "required",
  "hold": "none",
  "ignore-pbs": "none",
  "input": "required",
  "job-name": "required",
  "kill-on-invalid-dep": "required",
  "licenses": "required",
  "mail-type": "required",
  "mail-user": "required",
  "mcs-label": "required",
  "mem": "required",
  "mem-bind": "required",
  "mem-per-cpu": "required",
  "mem-per-gpu": "required",
  "mincpus": "required",
  "network": "required",
  "nice": "optional",
  "no-kill": "optional",
  "no-requeue": "none",
  "nodefile": "required",
  "nodelist": "required",
  "nodes": "required",
  "ntasks": "required",
  "ntasks-per-core": "required",
  "ntasks-per-gpu": "required",
  "ntasks-per-node": "required",
  "ntasks-per-socket": "required",
  "ntasks-per-tres": "required",
  "oom-kill-step": "optional",
  "open-mode": "required",
  "output": "required",
  "overcommit": "none",
  "oversubscribe": "none",
  "parsable": "none",
  "partition": "required",
  "power": "required",
  "prefer": "required",
  "priority": "required",
  "profile": "required",
  "propagate": "optional",
  "qos": "required",
  "quiet": "none",
  "reboot": "none",
  "requeue": "none",
  "reservation": "required",
  "resv-ports": "optional",
  "segment": "required",
  "signal": "required",
  "sockets-per-node": "required",
  "spread-job": "none",
  "spread-segments": "none",
  "stepmgr": "none",
  "switches": "required",
  "tasks-per-node": "required",
  "test-only": "none",
  "thread-spec": "required",
  "threads-per-core": "required",
  "time": "required",
  "time-min": "required",
  "tmp": "required",
  "tres-bind": "required",
  "tres-per-task": "required",
  "uid": "required",
  "usage": "none",
  "use-min-nodes": "none",
  "verbose": "none",
  "version": "none",
  "wait": "none",
  "wait-all-nodes": "required",
  "wckey": "required",
  "wrap": "required",
} as const satisfies Record<string, OptionValue>;

/** The long name of an option of sbatch. */
export type SbatchOption = keyof typeof values;

/** Whether sbatch has an option of that long name in any release that Sluice knows. */
export function isSbatchOption(name: string): name is SbatchOption {
  return Object.hasOwn(values, name);
}

/** All long names, in alphabetical order. */
export const sbatchOptions: readonly SbatchOption[] = Object.keys(values).filter(isSbatchOption);

/** Whether the option takes a value. */
export function optionValue(option: SbatchOption): OptionValue {
  return values[option];
}

const shortNames: ReadonlyMap<string, SbatchOption> = new Map([
  ["A", "account"],
  ["a", "array"],
  ["B", "extra-node-info"],
  ["b", "begin"],
  ["C", "constraint"],
  ["c", "cpus-per-task"],
  ["D", "chdir"],
  ["d", "dependency"],
  ["e", "error"],
  ["F", "nodefile"],
  ["G", "gpus"],
  ["H", "hold"],
  ["h", "help"],
  ["i", "input"],
  ["J", "job-name"],
  ["k", "no-kill"],
  ["L", "licenses"],
  ["M", "clusters"],
  ["m", "distribution"],
  ["N", "nodes"],
  ["n", "ntasks"],
  ["O", "overcommit"],
  ["o", "output"],
  ["p", "partition"],
  ["Q", "quiet"],
  ["q", "qos"],
  ["S", "core-spec"],
  ["s", "oversubscribe"],
  ["t", "time"],
  ["V", "version"],
  ["v", "verbose"],
  ["W", "wait"],
  ["w", "nodelist"],
  ["x", "exclude"],
]);

/** The option of a one-letter name, such as `p` for `partition`. */
export function optionOfLetter(letter: string): SbatchOption | undefined {
  return shortNames.get(letter);
}

const byResource = (field: string): string => `Use \`resources.${field}\`, which says the same.`;
const ownOutput =
  "Sluice keeps each job's output where its logs are read: follow them with `jobs.logs`.";
const ownEnvironment = "Use the job's `environment`.";
const oneJob = "Sluice itself runs sbatch and reads its answer: leave the option out.";

const reserved: ReadonlyMap<SbatchOption, string> = new Map([
  ["account", byResource("account")],
  ["array", byResource("array")],
  ["begin", byResource("begin")],
  ["chdir", "Use the job's `workingDirectory`."],
  ["cluster", "Configure the other cluster and name it in the job's `cluster`."],
  ["clusters", "Configure the other cluster and name it in the job's `cluster`."],
  ["comment", "Sluice finds its jobs again by their comment: use the job's `labels`."],
  ["constraint", byResource("constraint")],
  ["cpus-per-task", byResource("cpusPerTask")],
  ["dependency", byResource("dependency")],
  ["error", ownOutput],
  ["exclude", byResource("exclude")],
  ["exclusive", byResource("exclusive")],
  ["export", ownEnvironment],
  ["export-file", ownEnvironment],
  ["external", "A job of Sluice's runs a payload: leave the option out."],
  ["gid", "Configure a cluster whose `user` is the one to run jobs as."],
  ["gpus", byResource("gpus")],
  ["gpus-per-node", byResource("gpusPerNode")],
  ["help", oneJob],
  ["ignore-pbs", "Sluice always sets it: only `#SBATCH` lines are read."],
  ["input", "Let the payload read its input from a file."],
  ["job-name", "Use the job's `name`."],
  ["mem", byResource("memory")],
  ["mem-per-cpu", byResource("memoryPerCpu")],
  ["nodelist", byResource("nodeList")],
  ["nodes", byResource("nodes")],
  ["ntasks", byResource("tasks")],
  ["ntasks-per-node", byResource("tasksPerNode")],
  ["open-mode", ownOutput],
  ["output", ownOutput],
  ["parsable", oneJob],
  ["partition", byResource("partition")],
  ["qos", byResource("qos")],
  ["quiet", oneJob],
  ["reservation", byResource("reservation")],
  ["tasks-per-node", byResource("tasksPerNode")],
  ["test-only", "Use `jobs.preview` to see what would be sent."],
  ["time", byResource("time")],
  ["uid", "Configure a cluster whose `user` is the one to run jobs as."],
  ["usage", oneJob],
  ["verbose", oneJob],
  ["version", oneJob],
  ["wait", "Use `jobs.wait`."],
  ["wrap", "Use a payload of kind `script` or `command`."],
]);

/** What to use in place of an option that Sluice keeps for itself; `undefined` for all others. */
export function reservedOption(option: SbatchOption): string | undefined {
  return reserved.get(option);
}

const heterogeneous = new Set(["het-group", "hetjob", "pack-group", "packjob"]);

/** Whether the name belongs to heterogeneous jobs, of which sbatch has no option at all. */
export function isHeterogeneousOption(name: string): boolean {
  return heterogeneous.has(name);
}

/** The option whose name is nearest to a mistaken one, if any is near. */
export function nearestOption(name: string): SbatchOption | undefined {
  const wanted = name.toLowerCase().replaceAll("_", "-").slice(0, 64);
  let nearest: SbatchOption | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const option of sbatchOptions) {
    const distance = editDistance(wanted, option);
    if (distance < least) {
      least = distance;
      nearest = option;
    }
  }
  return nearest;
}

/** Levenshtein's distance: how many letters to insert, remove or change. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...to].entries()) {
      next.push(Math.min(
        (row[column] ?? 0) + (letter === other ? 0 : 1),
        (row[column + 1] ?? 0) + 1,
        (next[column] ?? 0) + 1,
      ));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

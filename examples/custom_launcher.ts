/**
 * A launcher of one's own: it starts a payload once for each rank, as MPI does, on this machine or by `srun`
 * across the nodes of a Slurm job. Every rank finds its number in RANK and the number of all in WORLD_SIZE.
 *
 * It writes below `.sluice/custom-launcher` only and needs no cluster.
 *
 * @module
 */

import { clusterConfigSchema, commandLine, payloadCommand, Sluice, SluiceError } from "../mod.ts";
import type { ExecutionPlan, Launcher, LaunchPlace, Work } from "../mod.ts";

/** Raised for a job that this launcher cannot start. */
class NotRankableError extends SluiceError {
  override readonly name = "NotRankableError";

  constructor(message: string) {
    super({
      code: "NOT_RANKABLE",
      message,
      next: "Give a script or a command, and `ranks` as a whole number from 1.",
    });
  }
}

function ranksOf({ launcher }: Work): number {
  const ranks = launcher.kind === "custom" ? launcher.options["ranks"] : undefined;
  if (typeof ranks === "number" && Number.isInteger(ranks) && ranks > 0) return ranks;
  throw new NotRankableError("The option `ranks` is missing or no number of ranks.");
}

/** Becomes the payload on a node of Slurm, which has its own names for the two variables. */
const RANK = 'RANK=$SLURM_PROCID WORLD_SIZE=$SLURM_NTASKS; export RANK WORLD_SIZE; exec "$@"';

function bodyOf(command: string, ranks: number, place: LaunchPlace): string[] {
  switch (place.kind) {
    case "allocation":
      return [
        `exec ${commandLine(["srun", `--ntasks=${ranks}`, "sh", "-c", RANK, "sh"])} ${command}`,
      ];
    case "host":
      return [
        "rank=0 pids= status=0",
        `while [ "$rank" -lt ${ranks} ]; do`,
        `  env RANK="$rank" WORLD_SIZE=${ranks} ${command} &`,
        '  pids="$pids $!" rank=$((rank + 1))',
        "done",
        'for pid in $pids; do wait "$pid" || status=$?; done',
        'exit "$status"',
      ];
  }
}

/** Pure: it only says what is to run, and Sluice brings it there, starts it and follows it. */
const ranksLauncher: Launcher = {
  plan(work: Work, place: LaunchPlace): ExecutionPlan {
    const { payload } = work;
    switch (payload.kind) {
      case "script":
      case "remote_script":
      case "function":
      case "command": {
        const { command, ...rest } = payloadCommand(payload, work);
        return { ...rest, body: bodyOf(command, ranksOf(work), place) };
      }
      case "cluster":
      case "allocation":
        throw new NotRankableError(`A payload of kind '${payload.kind}' has no ranks.`);
    }
  },
};

const directory = `${Deno.cwd()}/.sluice/custom-launcher`;

await using sluice = await Sluice.open({
  config: {
    dataDirectory: `${directory}/data`,
    clusters: {
      local: clusterConfigSchema.parse({ type: "local", remoteDirectory: `${directory}/jobs` }),
    },
  },
  launchers: { ranks: ranksLauncher },
});

const { id } = await sluice.jobs.submit({
  cluster: "local",
  launcher: { kind: "custom", name: "ranks", options: { ranks: 3 } },
  payload: { kind: "script", script: '#!/bin/sh\necho "rank $RANK of $WORLD_SIZE"\n' },
});
const decoder = new TextDecoder();
for await (const { bytes } of sluice.jobs.logs({ jobId: id, follow: true })) {
  console.log(decoder.decode(bytes, { stream: true }).trimEnd());
}
const { phase } = await sluice.jobs.result(id);
console.log(phase);
Deno.exitCode = phase === "succeeded" ? 0 : 1;

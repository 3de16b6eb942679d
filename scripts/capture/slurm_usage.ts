/**
 * Writes anew what `slurm/testdata/` has of figures, from a running test cluster: what sstat prints of jobs that
 * run, and sacct of the same jobs once they have ended.
 *
 * Run it with `deno run -A scripts/capture/slurm_usage.ts` while `deno task testbed up` is in effect. It takes
 * half a minute.
 *
 * @module
 */

import {
  parseSstat,
  parseUsage,
  slurmEnvironment,
  sstatArguments,
  usageArguments,
} from "../../slurm/mod.ts";
import { onCluster } from "../testbed/mod.ts";
import { submittedId } from "./submitted_id.ts";

const target = new URL("../../slurm/testdata/", import.meta.url);

async function run(words: readonly string[]): Promise<string> {
  const environment = Object.entries(slurmEnvironment).map(([name, value]) => `${name}=${value}`);
  const { code, stdout, stderr } = await onCluster(["env", ...environment, ...words]);
  if (code !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
  return stdout;
}

const ids: Record<string, string> = {};

async function submit(name: string, ...words: string[]): Promise<void> {
  const common = ["sbatch", "--parsable", "--output=/dev/null", "--chdir=/tmp", "--time=5"];
  ids[name] = submittedId(await run([...common, ...words]));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let second = 0; second < 120; second++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`waited in vain for ${what}`);
}

const burn = "python3 -c 'import time\nwhile time.process_time() < 4: pass\ntime.sleep(4)'";
const hold = `python3 -c 'import time\nx = b"x" * 300000000\ntime.sleep(10)'`;

await submit("plain", "--wrap=true");
await submit("memory", "--mem=1G", `--wrap=${hold}`);
await submit(
  "steps",
  "--ntasks=2",
  "--mem=200M",
  "--gpus=1",
  `--wrap=srun -n2 ${burn}; srun -n1 --mem=100M true`,
);
await submit("nodes", "--nodes=2", "--ntasks-per-node=2", "--mem=200M", `--wrap=srun ${burn}`);
await submit("array", "--array=0-1", `--wrap=${burn}`);
await submit(
  "heterogeneous",
  `--wrap=srun --het-group=0,1 ${burn}`,
  ":",
  "--ntasks=2",
);
await submit("cancelled", `--wrap=sh -c 'while :; do :; done'; true`);
await submit("held", "--hold", "--wrap=true");

function named(names: readonly string[]): [string, ...string[]] {
  const [first = "", ...rest] = names.flatMap((name) => ids[name] ?? []);
  return [first, ...rest];
}

const living = named(["memory", "steps", "nodes", "array", "heterogeneous", "cancelled"]);
let sampled = "";
await until("samples of all steps", async () => {
  sampled = await run(sstatArguments(living));
  const steps = parseSstat(sampled);
  return steps.length >= 10 &&
    steps.every(({ peakTaskMemoryBytes }) => peakTaskMemoryBytes !== undefined);
});
await Deno.writeTextFile(new URL("sstat.txt", target), sampled);
await Deno.writeTextFile(
  new URL("sacct-usage-running.txt", target),
  await run(usageArguments(named(Object.keys(ids)))),
);
await run(["scancel", ...named(["cancelled", "held"])]);
let counted = "";
await until("the ends", async () => {
  counted = await run(usageArguments(named(Object.keys(ids))));
  const jobs = [...parseUsage(counted).jobs.values()];
  return jobs.length === 10 &&
    jobs.every(({ endedAt, steps }) =>
      endedAt !== undefined && steps.every((step) => step.endedAt !== undefined)
    );
});
await Deno.writeTextFile(new URL("sacct-usage.txt", target), counted);
await Deno.writeTextFile(
  new URL("usage-jobs.json", target),
  JSON.stringify(ids, null, 2) + "\n",
);

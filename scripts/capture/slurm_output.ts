/**
 * Writes `slurm/testdata/` anew from a running test cluster: what Slurm's own commands print for jobs of
 * many kinds, and what sbatch says when it refuses one.
 *
 * Run it with `deno run -A scripts/capture/slurm_output.ts` while `deno task testbed up` is in effect. It
 * takes about two minutes, since a job must reach its time limit, and takes the node n4 down for a while.
 *
 * @module
 */

import { attemptIdSchema } from "../../model/mod.ts";
import {
  parseSacct,
  parseSqueueRecord,
  sacctArguments,
  scancelArguments,
  showConfigArguments,
  sinfoArguments,
  sluiceComment,
  slurmEnvironment,
  squeueArguments,
  SqueueRecords,
} from "../../slurm/mod.ts";
import { onCluster } from "../testbed/mod.ts";
import { submittedId } from "./submitted_id.ts";

/** Another account than the tests', so that their jobs are not in the capture. */
const user = "noisy";
const target = new URL("../../slurm/testdata/", import.meta.url);
const scratch = await Deno.makeTempDir();
await Deno.chmod(scratch, 0o777);

interface Outcome {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** Runs a command as the user; its output goes through files, which keep every byte. */
async function run(words: readonly string[]): Promise<Outcome> {
  const environment = Object.entries(slurmEnvironment).map(([name, value]) => `${name}=${value}`);
  const { stdout } = await onCluster([
    "setpriv",
    `--reuid=${user}`,
    `--regid=${user}`,
    "--init-groups",
    "env",
    ...environment,
    "sh",
    "-c",
    'cd "$0" && "$@" >out 2>err; echo $?',
    scratch,
    ...words,
  ], { root: true });
  return {
    code: Number(stdout),
    stdout: await Deno.readFile(`${scratch}/out`),
    stderr: await Deno.readFile(`${scratch}/err`),
  };
}

async function root(...words: string[]): Promise<void> {
  const { code, stderr } = await onCluster(words, { root: true });
  if (code !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
}

async function keep(name: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(new URL(name, target), bytes);
}

const ids: Record<string, string> = {};

/** Submits a job, and remembers its id under the name of its case. */
async function submit(name: string, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run([
    "sbatch",
    "--parsable",
    "--output=/dev/null",
    `--error=${scratch}/${name}.err`,
    "--open-mode=append",
    ...words,
  ]);
  if (code !== 0) throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
  return ids[name] = submittedId(new TextDecoder().decode(stdout));
}

/** Submits through a shell, for words that hold bytes no argument of Deno's can. */
async function submitThroughShell(name: string, script: string): Promise<void> {
  const { stdout } = await run(["sh", "-c", script]);
  ids[name] = submittedId(new TextDecoder().decode(stdout));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let second = 0; second < 180; second++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`waited in vain for ${what}`);
}

async function accounted(): Promise<Uint8Array> {
  const [first = "", ...more] = Object.values(ids);
  return (await run(sacctArguments([submittedId(first), ...more.map(submittedId)]))).stdout;
}

async function stateOf(name: string): Promise<string | undefined> {
  const { stdout } = await run(squeueArguments({ user }));
  const wanted = Number(ids[name]);
  return new SqueueRecords().push(stdout).map(parseSqueueRecord)
    .find((job) => job?.id.job === wanted)?.stateText;
}

/** Keeps a job off the node that is going to fail. */
const away = ["--exclude=n4"];

await submit("timeout", "--time=1", "--wrap=sleep 300");
await until("the time limit", async () => await stateOf("timeout") === "TIMEOUT");

const sluiceId = attemptIdSchema.parse("01890a5d-ac96-774b-bcce-b302099a8057");
await submit(
  "success",
  ...away,
  `--comment=${sluiceComment(sluiceId)}`,
  "--wrap=head -c 50m /dev/zero | tail",
);
await submit("exit3", ...away, "--wrap=exit 3");
await submit("signal", ...away, "--wrap=kill -9 $$");
await submit("held", ...away, "--hold", "--wrap=true");
await submit("begin", ...away, "--begin=2035-01-01", "--wrap=true");
await submit("running", ...away, "--wrap=sleep 200");
await submit("gpu", ...away, "--partition=gpu", "--gpus=2", "--time=5", "--wrap=sleep 200");
await submit("multinode", ...away, "--nodes=2", "--ntasks-per-node=1", "--wrap=sleep 200");
await submit("array", ...away, "--array=0-4%2", "--wrap=sleep 200");
await submit("arrayEnded", ...away, "--array=1,3-5", "--wrap=exit $SLURM_ARRAY_TASK_ID");
await submit("heterogeneous", ...away, "--wrap=sleep 200", ":", ...away, "--wrap=sleep 200");
await submit("busy", "--nodes=4", "--exclusive", "--wrap=true");
await submit("tooBig", ...away, "--partition=gpu", "--time=5:00:00", "--wrap=true");
await submit("dependency", ...away, "--dependency=afterok:" + ids["running"], "--wrap=true");
await submit("neverSatisfied", ...away, "--dependency=afterok:" + ids["exit3"], "--wrap=true");
await submit("suspended", ...away, "--wrap=sleep 200");
await submitThroughShell(
  "hostile",
  `exec sbatch --parsable --exclude=n4 --output=/dev/null --job-name="$(printf 'a\\nb|c\\377 RUNNING \\037 x')" ` +
    `--comment="$(printf '9\\n1|x\\037y\\376 RUNNING')" --wrap='sleep 200'`,
);
const cancelled = await submit("cancelledPending", "--hold", "--wrap=true");
const cancelledRunning = await submit("cancelledRunning", ...away, "--wrap=sleep 200");
const cancelledArray = await submit("cancelledArray", "--hold", "--array=2-9", "--wrap=true");
const requeued = await submit("requeued", ...away, "--wrap=sleep 200");
const signalled = await submit("signalled", ...away, "--wrap=sleep 200");
const cancelledTask = await submit("cancelledTask", ...away, "--array=4-6", "--wrap=sleep 200");
await submit("nodeFail", "--no-requeue", "--nodelist=n4", "--wrap=sleep 200");
await until("the last job's start", async () => await stateOf("nodeFail") === "RUNNING");
await run(["scontrol", "requeue", requeued]);
await run(["scancel", "--signal=TERM", "--full", signalled]);
await run(["scancel", `${cancelledTask}_4`, `${cancelledTask}_5`]);
await run(scancelArguments([
  submittedId(cancelled),
  submittedId(cancelledRunning),
  submittedId(cancelledArray),
]));
await root("scontrol", "suspend", ids["suspended"] ?? "");
await root("scontrol", "update", "nodename=n4", "state=down", "reason=capture");
try {
  await submit("nodeDown", "--nodelist=n4", "--wrap=true");
  await until("the node's failure", async () => await stateOf("nodeFail") === "NODE_FAIL");
  await keep("squeue.txt", (await run(squeueArguments({ user }))).stdout);
  // slurmdbd is told of all this a moment later, so at first its records are not whole.
  await keep("sacct-unsettled.txt", await accounted());
  await keep("sinfo.txt", (await run(sinfoArguments())).stdout);
  await keep("scontrol-config.txt", (await run(showConfigArguments())).stdout);
} finally {
  // The node may have come back by itself, which scontrol answers with an error.
  await onCluster(["scontrol", "update", "nodename=n4", "state=resume"], { root: true });
  await until("the node's return", async () => {
    const { stdout } = await onCluster(["sinfo", "-h", "-n", "n4", "-o", "%T"], { root: true });
    return !/down/.test(stdout);
  });
}
await until("accounting to settle", async () => {
  const records = parseSacct(await accounted()).jobs;
  const tasks = records.filter((record) => record.id.job === Number(ids["arrayEnded"]));
  const running = records.find((record) => record.id.job === Number(ids["running"]));
  return tasks.length === 4 && running?.state === "RUNNING";
});
await keep("sacct.txt", await accounted());

/** Only the main account has the quality of service that preempts. */
const { stdout: preempted } = await onCluster(
  ["sbatch", "--parsable", "--no-requeue", "--nodelist=n3", "--exclusive", "--output=/dev/null"]
    .concat(`--error=${scratch}/preempted.err`, "--wrap=sleep 200"),
);
await run(["scancel", `--user=${user}`]);
const stateOfPreempted = async () =>
  (await onCluster(["squeue", "-h", "-t", "all", "-j", preempted.trim(), "-o", "%T"])).stdout
    .trim();
await until("the start", async () => await stateOfPreempted() === "RUNNING");
await onCluster(
  ["sbatch", "--qos=urgent", "--nodelist=n3", "--exclusive", "--output=/dev/null", "--wrap=true"],
);
await until("the preemption", async () => await stateOfPreempted() === "PREEMPTED");
ids["preempted"] = preempted.trim();
const spoken: Record<string, string> = {};
for (
  const name of [
    "timeout",
    "cancelledRunning",
    "cancelledTask",
    "requeued",
    "signalled",
    "nodeFail",
    "preempted",
  ]
) {
  spoken[name] = await Deno.readTextFile(`${scratch}/${name}.err`);
}
await Deno.writeTextFile(
  new URL("last-words.json", target),
  JSON.stringify(spoken, null, 2) + "\n",
);
await run(["scancel", `--user=${user}`]);
const scancelled = await run(["scancel", "4000000", "1_2_3"]);
await keep("scancel-errors.txt", scancelled.stderr);
await Deno.writeTextFile(new URL("jobs.json", target), JSON.stringify(ids, null, 2) + "\n");

/** The long options that begin with each letter: getopt lists them where the letter is ambiguous. */
const options: string[] = [];
for (const letter of "abcdefghijklmnopqrstuvwxyz") {
  const { stderr } = await run(["sbatch", `--${letter}`, "--usage"]);
  options.push(new TextDecoder().decode(stderr).split("\n")[0] ?? "");
}
await Deno.writeTextFile(new URL("sbatch-long-options.txt", target), options.join("\n") + "\n");
await keep("sbatch-help.txt", (await run(["sbatch", "--help"])).stdout);

await Deno.writeTextFile(`${scratch}/crlf.sh`, "#!/bin/sh\r\ntrue\r\n");
await Deno.writeTextFile(`${scratch}/shebang.sh`, "true\n");
await Deno.writeTextFile(`${scratch}/empty.sh`, "");
await Deno.writeTextFile(`${scratch}/quote.sh`, '#!/bin/sh\n#SBATCH --time="1\ntrue\n');
await Deno.writeTextFile(`${scratch}/stray.sh`, "#!/bin/sh\n#SBATCH stray\ntrue\n");
await Deno.writeTextFile(`${scratch}/option.sh`, "#!/bin/sh\n#SBATCH --nonsense\ntrue\n");
const refusals: Record<string, readonly string[]> = {
  partition: ["--partition=nowhere", "--wrap=true"],
  constraint: ["--constraint=nothing", "--wrap=true"],
  nodes: ["--nodes=9", "--wrap=true"],
  memory: ["--mem=900G", "--wrap=true"],
  memoryWord: ["--mem=lots", "--wrap=true"],
  cpus: ["--cpus-per-task=999", "--wrap=true"],
  gpus: ["--gpus-per-node=9", "--wrap=true"],
  gres: ["--gres=unicorn:1", "--wrap=true"],
  time: ["--time=forever", "--wrap=true"],
  timeMin: ["--time=5", "--time-min=9", "--wrap=true"],
  dependency: ["--dependency=afterok:4000000", "--wrap=true"],
  dependencyWord: ["--dependency=sometime", "--wrap=true"],
  reservation: ["--reservation=nothing", "--wrap=true"],
  nodelist: ["--nodelist=moon1", "--wrap=true"],
  array: ["--array=5-1", "--wrap=true"],
  arrayTooLarge: ["--array=0-999999", "--wrap=true"],
  begin: ["--begin=whenever", "--wrap=true"],
  license: ["--licenses=matlab:1", "--wrap=true"],
  option: ["--nonsense", "--wrap=true"],
  missingValue: ["--wrap=true", "--time"],
  exclusiveMemory: ["--mem=1G", "--mem-per-cpu=1G", "--wrap=true"],
  crlf: ["crlf.sh"],
  shebang: ["shebang.sh"],
  empty: ["empty.sh"],
  unmatchedQuote: ["quote.sh"],
  strayDirective: ["stray.sh"],
  optionDirective: ["option.sh"],
  noScript: ["missing.sh"],
  uid: ["--uid=root", "--wrap=true"],
  priority: ["--nice=-100", "--wrap=true"],
};
const refused: Record<string, { readonly exitCode: number; readonly stderr: string }> = {};
for (const [name, words] of Object.entries(refusals)) {
  const { code, stderr, stdout } = await run(["sbatch", "--parsable", ...words]);
  refused[name] = { exitCode: code, stderr: new TextDecoder().decode(stderr) };
  if (code === 0) await run(scancelArguments([submittedId(new TextDecoder().decode(stdout))]));
}
await Deno.writeTextFile(
  new URL("sbatch-refusals.json", target),
  JSON.stringify(refused, null, 2) + "\n",
);
await Deno.remove(scratch, { recursive: true });

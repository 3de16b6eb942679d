/**
 * Runs the tests: `deno task test [WORD…]`. With words, only the files whose paths contain one of them.
 *
 * The last line is the sum of all groups: `N passed, N failed`. What could not be run is told in one
 * line each; with `CI` set that counts as a failure.
 *
 * @module
 */

import { layoutFromEnvironment } from "../testbed/mod.ts";
import { type ClusterState, prepareCluster } from "./cluster.ts";
import { type Batch, batches, isOnCluster, stages } from "./group.ts";
import { type Counts, type Failure, judge } from "./report.ts";

const REPORTS = ".sluice/test";
const LEFT_OUT = new Set(["node_modules", "testdata", "coverage"]);

async function* testFiles(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = directory === "." ? name : `${directory}/${name}`;
    if (isDirectory) {
      if (!name.startsWith(".") && !LEFT_OUT.has(name)) yield* testFiles(path);
    } else if (name.endsWith("_test.ts")) yield path;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Passes text on line by line, each behind the name of who said it. */
async function tell(name: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) console.log(`${name}: ${line}`);
  }
  if (rest !== "") console.log(`${name}: ${rest}`);
}

/** Runs a batch. @param amongOthers Whether others run at the same time. */
async function run({ group, files }: Batch, amongOthers: boolean): Promise<Counts> {
  const report = `${REPORTS}/${group.name}.xml`;
  await Deno.mkdir(REPORTS, { recursive: true });
  await Deno.writeTextFile(report, "");
  const temporary = Deno.env.get("TMPDIR")?.replace(/\/+$/, "") || "/tmp";
  console.log(`\n${group.name}: ${files.length} files`);
  const output = amongOthers ? "piped" : "inherit";
  const child = new Deno.Command("deno", {
    args: [
      "test",
      "--no-prompt",
      // Types are for `deno task check`; here they would cost more time than many of the tests.
      "--no-check",
      `--junit-path=${report}`,
      ...(isOnCluster(group.lane) ? [] : ["--parallel"]),
      ...group.permissions({
        deno: Deno.execPath(),
        temporary,
        testbed: layoutFromEnvironment().dir,
      }),
      ...files,
    ],
    stdin: "null",
    stdout: output,
    stderr: output,
  }).spawn();
  const [{ success }] = await Promise.all([
    child.status,
    ...(amongOthers ? [tell(group.name, child.stdout), tell(group.name, child.stderr)] : []),
  ]);
  return judge(await readIfThere(report), success);
}

async function main(words: readonly string[]): Promise<number> {
  const files = (await Array.fromAsync(testFiles(".")))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  const chosen = batches(files);
  const unable: string[] = [];
  const failures: Failure[] = [];
  let passed = 0;
  let failed = 0;
  let interrupted = false;
  Deno.addSignalListener("SIGINT", () => interrupted = true);

  // Before the others: some of them use what is there if the cluster is up.
  const cluster: ClusterState = chosen.some(({ group }) => isOnCluster(group.lane))
    ? await prepareCluster()
    : { kind: "ready", leave: () => Promise.resolve() };

  const runLane = async (lane: readonly Batch[], amongOthers: boolean): Promise<void> => {
    for (const batch of lane) {
      const { group, files } = batch;
      if (interrupted) break;
      if (isOnCluster(group.lane) && cluster.kind === "impossible") {
        unable.push(`${files.length} files of tests/cluster: ${cluster.reason}`);
        continue;
      }
      const counts = await run(batch, amongOthers);
      passed += counts.passed;
      failed += counts.failed;
      failures.push(...counts.failures);
      if (counts.ignored.length > 0) {
        unable.push(`tests of ${group.name} that ignored themselves: ${counts.ignored.join("; ")}`);
      }
    }
  };

  try {
    for (const lanes of stages(chosen)) {
      await Promise.all(lanes.map((lane) => runLane(lane, lanes.length > 1)));
    }
  } finally {
    if (cluster.kind === "ready") await cluster.leave();
  }

  if (chosen.length === 0) unable.push(`any test: no path contains ${words.join(" or ")}`);
  if (interrupted) unable.push("all tests: interrupted");
  // Once more at the end: whoever sees only the end of a long output sees what failed.
  for (const { test, message } of failures) console.log(`\nfailed: ${test}\n${message}`);
  console.log("");
  for (const line of unable) console.log(`not run: ${line}`);
  if (Deno.env.get("CI") || interrupted || chosen.length === 0) failed += unable.length;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

/**
 * The README's examples, as they stand there, on the test cluster.
 */

import assert from "node:assert/strict";
import { stringify } from "@std/yaml";
import { packVenv } from "./support/archives.ts";
import { serveOnFreePort, TOKEN, Workspace } from "./support/workspace.ts";

const root = new URL("../..", import.meta.url).pathname;
const readme = await Deno.readTextFile(`${root}README.md`);

/** The first match of a pattern in the README. */
function example(pattern: RegExp): string {
  return pattern.exec(readme)?.[1] ?? assert.fail(`the README has no ${pattern}`);
}

/** A configuration with the test cluster as `dev`, and the variables that lead to it. */
async function configured(workspace: Workspace): Promise<Record<string, string>> {
  const path = `${workspace.directory}/sluice.yaml`;
  const { type, ...cluster } = workspace.config();
  await Deno.writeTextFile(path, stringify({ clusters: { dev: { type, ...cluster } } }));
  return { SLUICE_CONFIG: path, SLUICE_DATA_DIRECTORY: workspace.dataDirectory, SLUICE_PORT: "0" };
}

function deno(
  args: readonly string[],
  env: Record<string, string>,
  stdin: "null" | "piped",
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env,
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a program of the README's; gives the lines that it printed. */
async function printed(
  program: string,
  permissions: readonly string[],
  env: Record<string, string> = {},
): Promise<string[]> {
  const child = deno(
    ["run", "-q", "--no-prompt", "--no-check", ...permissions, "--ext=ts", "-"],
    env,
    "piped",
  );
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

/** The same for a program that opens Sluice itself. */
async function printedByLibrary(workspace: Workspace, program: string): Promise<string[]> {
  const permissions = ["-P=sluice", `--allow-write=${workspace.directory}`];
  return await printed(program, permissions, await configured(workspace));
}

Deno.test("the README's five lines of TypeScript run a job on two nodes", async () => {
  await using workspace = await Workspace.make();
  const lines = await printedByLibrary(
    workspace,
    example(/```ts\n(import \{ loadConfig[\s\S]*?)```/),
  );
  assert.equal(lines.pop(), "succeeded");
  assert.equal(new Set(lines).size, 2, "the hosts have names of their own");
});

Deno.test("the README's script has its inputs' values, once for each task", async () => {
  await using workspace = await Workspace.make();
  const program = example(/## Scripts\s[\s\S]*?```ts\n([\s\S]*?)```/);
  const lines = await printedByLibrary(workspace, program);
  assert.deepEqual(lines.slice(-2), ["ended with 0", "succeeded"]);
  const values = ['say: it\'s $HOME, "quoted"', "<a b><2><true> on"];
  assert.deepEqual(
    lines.slice(0, -2).toSorted(),
    [0, 1].flatMap((task) => [
      `${task}: ${values[1]} ${task}`,
      `${task}: ${values[0]}`,
    ]),
  );
});

Deno.test("the README's job that fails at first succeeds at its second attempt", async () => {
  await using workspace = await Workspace.make();
  const program = example(/## When things break\s+```ts\n([\s\S]*?)```/);
  assert.deepEqual(await printedByLibrary(workspace, program), ["succeeded at attempt 2"]);
});

Deno.test("the README's copies end one by one", async () => {
  await using workspace = await Workspace.make();
  const program = example(/## Many jobs\s+```ts\n([\s\S]*?)```/);
  const lines = await printedByLibrary(workspace, program);
  assert.deepEqual(lines.toSorted(), ["0 succeeded", "1 succeeded", "2 succeeded"]);
});

Deno.test("the README's script says what it does", async () => {
  await using workspace = await Workspace.make();
  const program = example(/## Messages[^`]*`messages`[^`]*```ts\n([\s\S]*?)```/);
  const lines = (await printedByLibrary(workspace, program)).join(" ");
  assert.match(lines, /kind: "log", level: "INFO", text: "half of the tides"/);
  assert.match(lines, /assetKey: "tides",\s+metadata: \{ rows: \{ type: "int", value: 120 \} \}/);
});

Deno.test("the README's function returns its value, and its exception comes back", async () => {
  await using workspace = await Workspace.make();
  const program = example(/## Functions\s[\s\S]*?```ts\n([\s\S]*?)```/);
  assert.deepEqual(await printedByLibrary(workspace, program), [
    "3",
    "ZeroDivisionError division by zero",
  ]);
});

Deno.test("the README's environment is sent, and its Python runs", async () => {
  await using workspace = await Workspace.make();
  const path = await packVenv(workspace.directory, ["six==1.16.0"]);
  const program = example(/## Software environments\s+```ts\n([\s\S]*?)```/)
    .replace("tides.tar.gz", path);
  const [line = ""] = await printedByLibrary(workspace, program);
  assert.match(line, /^succeeded [0-9a-f]{64}$/);
});

Deno.test("the README's files are sent and fetched", async () => {
  await using workspace = await Workspace.make();
  const table = `${workspace.directory}/tides.csv`;
  await Deno.writeTextFile(table, "b\na\n");
  const results = `${workspace.directory}/results`;
  const program = example(/## Files\s+```ts\n([\s\S]*?)```/)
    .replace("tides.csv", table)
    .replace("results", results);
  const [line = ""] = await printedByLibrary(workspace, program);
  assert.match(line, /^[0-9a-f]{64} .*\/results\/sorted$/);
  assert.equal(await Deno.readTextFile(`${results}/sorted`), "a\nb\n");
});

Deno.test("the README's heterogeneous job succeeds in all its components", async () => {
  await using workspace = await Workspace.make();
  const program = example(/## Heterogeneous jobs\s+```ts\n([\s\S]*?)```/);
  assert.deepEqual(
    await printedByLibrary(workspace, program),
    [0, 1, 2].map((number) => `component ${number} succeeded`),
  );
});

Deno.test("the README's steps run in a session that is closed with its scope", async () => {
  await using workspace = await Workspace.make();
  const program = example(/## Sessions[^`]*```ts\n([\s\S]*?)```/);
  const lines = await printedByLibrary(workspace, program);
  assert.deepEqual(lines, ["succeeded", "succeeded", "succeeded"]);
  const waited = (await workspace.accountedJobs(1)).length;
  assert.equal(waited, 1, "nothing but the session has waited in the queue");
});

/** What runs a command against a server that serves until the end of the test. */
async function withCommand(
  workspace: Workspace,
  test: (run: (words: readonly string[]) => Promise<string>) => Promise<void>,
): Promise<void> {
  const env = await configured(workspace);
  const write = `--allow-write=${workspace.directory}`;
  const command = ["run", "-q", "--no-prompt", "--no-check", "-P=sluice", write, "cli/main.ts"];
  const server = deno([...command, "serve"], env, "null");
  const said = server.stdout.pipeThrough(new TextDecoderStream());
  const trouble = server.stderr.pipeThrough(new TextDecoderStream());
  try {
    const url = await firstMatch([said, trouble], /(http:\/\/127\.0\.0\.1:\d+)/);
    await test(async (words) => {
      const { code, stdout, stderr } = await deno(
        [...command, ...words],
        { ...env, SLUICE_URL: url },
        "null",
      ).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout).trim();
    });
  } finally {
    server.kill("SIGINT");
    await server.status;
  }
}

Deno.test("the README's shell line runs a job and shows its output", async () => {
  await using workspace = await Workspace.make();
  await withCommand(workspace, async (run) => {
    const out = await run(example(/^deno task sluice (submit .*)$/m).split(" "));
    assert.equal(new Set(out.split("\n")).size, 2);
  });
});

Deno.test("the README's shell lines open a session, run a step in it and close it", async () => {
  await using workspace = await Workspace.make();
  await withCommand(workspace, async (run) => {
    const id = await run(example(/sluice (session open [^)]*)\)/).split(" "));
    const words = (pattern: RegExp) =>
      example(pattern).split(" ").map((word) => word === '"$id"' ? id : word);
    assert.match(await run(words(/^deno task sluice (submit .*--session .*)$/m)), /^n\d$/);
    assert.equal(await run(words(/^deno task sluice (session close .*)$/m)), `${id} closes`);
    await run(["session", "events", id]);
    assert.match(await run(["session", "show", id]), /^status +closed \(asked\)$/m);
  });
});

Deno.test("the README's shell line calls a function and prints its value", async () => {
  await using workspace = await Workspace.make();
  const module = `${workspace.directory}/tides.py`;
  await Deno.writeTextFile(module, "def mean(*levels): return sum(levels) / len(levels)\n");
  await withCommand(workspace, async (run) => {
    const words = example(/^deno task --quiet sluice (run .*)$/m).split(" ");
    const out = await run(words.map((word) => word === "tides.py:mean" ? `${module}:mean` : word));
    assert.equal(out, "3");
  });
});

Deno.test("the README's client submits a job and follows its events", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { server } = serveOnFreePort(sluice);
  await using _ = server;
  const program = example(/```ts\n(import \{ createSluiceClient[\s\S]*?)```/)
    .replace("http://127.0.0.1:7878", server.url)
    .replace("the server's token", TOKEN);
  const lines = await printed(program, ["--allow-net=127.0.0.1"]);
  assert.equal(lines[0], "1 accepted");
  assert.equal(lines.at(-1), `${lines.length} ended`);
  const [job] = (await sluice.jobs.list()).jobs;
  assert.equal(job?.phase, "succeeded");
});

/** The first match in any of the streams, all of which are read to their end in the background. */
async function firstMatch(streams: readonly ReadableStream<string>[], pattern: RegExp) {
  const found = Promise.withResolvers<string>();
  for (const stream of streams) {
    (async () => {
      let text = "";
      for await (const chunk of stream) {
        text += chunk;
        const match = pattern.exec(text)?.[1];
        if (match !== undefined) found.resolve(match);
      }
    })().catch(found.reject);
  }
  return await found.promise;
}

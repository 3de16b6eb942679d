/**
 * What jobs take in and bring out on the test cluster: files, directories, globs.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Sluice } from "../../actors/mod.ts";
import { SluiceError } from "../../model/mod.ts";
import type { JobOutput, JobView } from "../../model/mod.ts";
import { jobOutput } from "../../rpc/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { readAll, utf8 } from "./support/output.ts";
import { until } from "./support/until.ts";
import { DEV, jobSpec, serveOnFreePort, shellJob, Workspace } from "./support/workspace.ts";
import type { JobInput } from "./support/workspace.ts";

const resources = { memory: 50, time: 5 } as const;
const decoder = new TextDecoder();
const GIGABYTE = 1024 ** 3;
const MEGABYTE = 1024 ** 2;

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A script of `sh` as a job that needs little. */
function small(script: string, rest: Omit<JobInput, "payload"> = {}): JobInput {
  return shellJob(script, { resources, ...rest });
}

async function printed(sluice: Sluice, jobId: JobView["id"], task?: number): Promise<string> {
  const where = task === undefined ? { jobId } : { jobId, task };
  return decoder.decode(await readAll(sluice.jobs.logs({ ...where, follow: false })));
}

async function said(sluice: Sluice, jobId: JobView["id"]): Promise<string> {
  const logs = sluice.jobs.logs({ jobId, stream: "stderr", follow: false });
  return decoder.decode(await readAll(logs));
}

function isError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof SluiceError && error.code === code && error.next !== "";
}

/** The names and what became of them. */
function statuses(outputs: readonly JobOutput[] | undefined): string[] | undefined {
  return outputs?.map(({ name, status }) => `${name}: ${status}`);
}

Deno.test("a job finds its inputs, of whatever kind and name, and a later one has nothing sent again", async () => {
  await using workspace = await Workspace.make();
  const { host, port } = workspace.facts;
  await using proxy = startProxy({ target: { host, port } });
  await using sluice = await workspace.open(await knownThroughProxy(workspace, proxy));
  const local = `${workspace.directory}/here`;
  const odd = 'it\'s $(id)\n"ä" *';
  await Deno.mkdir(`${local}/tree/${odd}/empty`, { recursive: true });
  await Deno.mkdir(`${local}/logs/a`, { recursive: true });
  await Deno.writeTextFile(`${local}/${odd}.txt`, "odd\n");
  const random = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(6 * MEGABYTE);
  for (let at = 0; at < large.length; at += random.length) large.set(random, at);
  await Deno.writeFile(`${local}/large`, large);
  await Deno.writeTextFile(`${local}/tree/${odd}/inner`, "inner\n");
  await Deno.writeTextFile(`${local}/tree/run`, "#!/bin/sh\necho ran\n", { mode: 0o755 });
  await Deno.symlink(`${odd}/inner`, `${local}/tree/link`);
  await Deno.writeTextFile(`${local}/logs/a/1.csv`, "one\n");
  await Deno.writeTextFile(`${local}/logs/2.csv`, "two\n");
  await Deno.writeTextFile(`${local}/logs/2.txt`, "not this\n");
  const elsewhere = `${workspace.remoteDirectory}.elsewhere/deep`;
  const input = small(
    [
      'cd "$SLUICE_JOB_DIRECTORY/inputs" || exit 1',
      `cat '${odd.replaceAll("'", `'\\''`)}.txt'`,
      "sha256sum <large; cat text; tree/run; cat tree/link; readlink tree/link >/dev/null && echo link",
      'find tree -type d | wc -l; find tables -type f | sort; cat "../far/it"',
      `cat ${elsewhere}/table`,
      // What it does to its own copies is nobody else's.
      "echo changed >large; echo changed >tree/run",
    ].join("\n"),
    {
      inputs: {
        number: 3,
        odd: { file: `${local}/${odd}.txt` },
        large: { file: `${local}/large` },
        text: { text: "it's a text\n", to: "inputs/text" },
        tree: { directory: `${local}/tree` },
        tables: { glob: `${local}/logs/**/*.csv` },
        far: { text: "far\n", to: "far/it" },
        absolute: { text: "absolute\n", to: `${elsewhere}/table` },
      },
    },
  );
  const run = async () => {
    const { id } = await sluice.jobs.submit(jobSpec(input));
    const view = await sluice.jobs.wait(id);
    assert.equal(view.phase, "succeeded", JSON.stringify([view.error, await said(sluice, id)]));
    assert.equal(
      await printed(sluice, id),
      [
        "odd",
        `${sha256(large)}  -`,
        "it's a text",
        "ran",
        "inner",
        "link",
        // The newline in a directory's name is one line more.
        "5",
        "tables/2.csv",
        "tables/a/1.csv",
        "far",
        "absolute",
        "",
      ].join("\n"),
    );
    return view;
  };
  const first = await run();
  const sent = (name: string) => first.inputs?.find((one) => one.name === name);
  assert.deepEqual(sent("large"), {
    name: "large",
    files: 1,
    bytes: large.length,
    sha256: sha256(large),
  });
  assert.deepEqual([sent("tree")?.files, sent("tables")?.files], [2, 2]);
  const { up } = proxy.passed;
  assert.ok(up > large.length, `${up} bytes were sent`);
  const again = await run();
  assert.deepEqual(again.inputs, first.inputs);
  assert.ok(proxy.passed.up - up < MEGABYTE, `${proxy.passed.up - up} bytes were sent again`);
});

Deno.test(
  "20 jobs that are started together with the same 20 MB send them once, over a cut and a restart",
  CUTS_WITHIN_PACKETS,
  async () => {
    await using workspace = await Workspace.make();
    const { host, port } = workspace.facts;
    await using proxy = startProxy({ target: { host, port } });
    const overrides = await knownThroughProxy(workspace, proxy);
    const path = `${workspace.directory}/twenty`;
    const random = crypto.getRandomValues(new Uint8Array(65_536));
    const content = new Uint8Array(20 * MEGABYTE);
    for (let at = 0; at < content.length; at += random.length) content.set(random, at);
    await Deno.writeFile(path, content);
    const input = small("sha256sum <inputs/twenty", { inputs: { data: { file: path } } });
    let cutAt = 0;
    {
      await using sluice = await workspace.open(overrides);
      await sluice.jobs.submitMany(Array.from({ length: 20 }, () => jobSpec(input)));
      await until("some of it was sent", () => proxy.passed.up > 5 * MEGABYTE, 5);
      cutAt = proxy.passed.up;
      proxy.cutAll();
    }
    // Another Sluice goes on where that one was.
    await using sluice = await workspace.open(overrides);
    const { jobs } = await sluice.jobs.list();
    const ends = await Promise.all(jobs.map(({ id }) => sluice.jobs.wait(id)));
    assert.deepEqual(ends.map(({ phase }) => phase), Array.from(ends, () => "succeeded"));
    for (const { id } of ends) assert.equal(await printed(sluice, id), `${sha256(content)}  -\n`);
    const { up } = proxy.passed;
    assert.ok(up < cutAt + 1.5 * content.length, `${up} bytes were sent, ${cutAt} before the cut`);
    const { stdout } = await onCluster(["ls", "-A", `${workspace.remoteDirectory}/files`]);
    assert.deepEqual(stdout.trim().split("\n"), [sha256(content)], "nothing half-written is left");
  },
);

Deno.test("an output of 1 GiB is fetched as it was, and a step of a session has its files too", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { server, client } = serveOnFreePort(sluice);
  try {
    const session = await sluice.sessions.open({
      cluster: DEV,
      resources: { nodes: 1, cpusPerTask: 1, memory: 100, time: 5 },
    });
    const word = { text: "word\n", to: "inputs/word" };
    const [large, step] = await sluice.jobs.submitMany([
      jobSpec(small(`truncate -s ${GIGABYTE} outputs/large`, { outputs: { large: {} } })),
      jobSpec(shellJob("cat inputs/word >outputs/copy; mkdir -p tree/a; echo b >tree/a/b", {
        session: session.id,
        inputs: { word },
        outputs: { copy: {}, tree: { kind: "directory", location: "tree" }, absent: {} },
      })),
    ]);
    assert.ok(large !== undefined && step !== undefined);
    const [{ phase }, stepEnd] = await Promise.all([
      sluice.jobs.wait(large.id),
      sluice.jobs.wait(step.id),
    ]);
    assert.equal(phase, "succeeded");
    assert.deepEqual([stepEnd.phase, stepEnd.exitCode], ["failed", 95]);
    await sluice.sessions.close(session.id);
    const { outputs } = await client.jobs.result.query({ id: step.id });
    assert.deepEqual(statuses(outputs), [
      "copy: collected",
      "tree: collected",
      "absent: missing",
    ]);
    const tree = { jobId: step.id, name: "tree" };
    const entries = await client.jobs.outputEntries.query(tree);
    assert.deepEqual(entries.map(({ kind, path }) => `${kind} ${path}`), [
      "directory a",
      "file a/b",
    ]);
    assert.deepEqual(await readAll(jobOutput(client, { ...tree, path: "a/b" })), utf8("b\n"));
    assert.deepEqual(
      await readAll(jobOutput(client, { jobId: step.id, name: "copy" })),
      utf8("word\n"),
    );

    const to = `${workspace.directory}/fetched`;
    const [fetched] = await sluice.jobs.fetch(large.id, { to });
    assert.equal(fetched?.output.bytes, GIGABYTE);
    assert.equal((await Deno.stat(`${to}/large`)).size, GIGABYTE);
    // The rest of it over RPC, from a byte on.
    const offset = GIGABYTE - MEGABYTE;
    let bytes = 0;
    for await (const part of jobOutput(client, { jobId: large.id, name: "large", offset })) {
      bytes += part.bytes.length;
    }
    assert.equal(bytes, MEGABYTE);
  } finally {
    await server.shutdown();
  }
});

Deno.test("what became of its outputs is the end of a job, and is fetched as it was", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const odd = 'it\'s $(id) "ä" *';
  const outside = `${workspace.remoteDirectory}.outside`;
  const inputs = {
    all: small(
      [
        "echo model >outputs/model",
        `printf 'odd\\n' >'${odd.replaceAll("'", `'\\''`)}'`,
        "mkdir -p tree/sub/empty 'tree/a b'; echo one >'tree/a b/1'; echo run >tree/run; chmod 755 tree/run",
        "ln -s 'a b/1' tree/in; ln -s /etc/passwd tree/out",
      ].join("\n"),
      {
        outputs: {
          model: {},
          [odd]: { location: odd },
          tree: { kind: "directory", location: "tree" },
          none: { optional: true },
        },
      },
    ),
    missing: small("true", { outputs: { "is it's": {}, other: { kind: "directory" } } }),
    wrongKind: small("mkdir outputs/model", { outputs: { model: {} } }),
    outside: small(`ln -s ${outside} outputs/model; ln -s ../.. outputs/dot`, {
      outputs: { model: {}, dot: { kind: "directory" } },
    }),
    outsideDirectory: small(`mkdir ${outside}.d; ln -s ${outside}.d results; echo x >results/x`, {
      outputs: { x: { location: "results/x" } },
    }),
    failing: small("echo always >outputs/always; echo never >outputs/never; exit 7", {
      outputs: { always: { collect: "always" }, never: {}, absent: { collect: "always" } },
    }),
    array: small('echo "task $SLURM_ARRAY_TASK_ID" >"out-$SLURM_ARRAY_TASK_ID"', {
      resources: { ...resources, array: "3,5" },
      outputs: { table: { location: "out-%a" } },
    }),
    components: small("echo zero >outputs/part.0", {
      inputs: { word: { text: "zero", to: "word" } },
      outputs: { part: {} },
      components: [{
        ...small("cat inputs.1/word >outputs/part.1"),
        inputs: { word: { file: `${workspace.directory}/word` } },
        outputs: { part: {} },
      }],
    }),
    retried: small(
      'cat inputs/word; [ "$SLUICE_ATTEMPT" = 2 ] && echo done >outputs/model; exit 0',
      {
        inputs: { word: { file: `${workspace.directory}/word` } },
        outputs: { model: {} },
        retry: { times: 1, exitCodes: [95], delaySeconds: 0 },
      },
    ),
  };
  await onCluster(["tee", outside], { stdin: "secret\n" });
  await Deno.writeTextFile(`${workspace.directory}/word`, "word\n");
  const submitted = await sluice.jobs.submitMany(Object.values(inputs).map(jobSpec));
  const views = await Promise.all(submitted.map(({ id }) => sluice.jobs.wait(id)));
  const view = (name: keyof typeof inputs) => {
    const found = views[Object.keys(inputs).indexOf(name)];
    assert.ok(found !== undefined);
    return found;
  };
  const result = (name: keyof typeof inputs, task?: number) =>
    sluice.jobs.result(view(name).id, task === undefined ? {} : { task });
  const ended = async (name: keyof typeof inputs) => {
    const { phase, exitCode, outputs } = await result(name);
    return [phase, exitCode, ...statuses(outputs) ?? []];
  };

  const all = await result("all");
  assert.equal(all.phase, "succeeded", await said(sluice, view("all").id));
  assert.deepEqual(statuses(all.outputs), [
    "model: collected",
    `${odd}: collected`,
    "tree: collected",
    "none: missing",
  ]);
  assert.deepEqual(all.outputs?.[0], {
    status: "collected",
    name: "model",
    kind: "file",
    path: `${view("all").directory}/outputs/model`,
    bytes: 6,
    files: 1,
    sha256: sha256("model\n"),
  });
  const to = `${workspace.directory}/fetched`;
  const seen: number[] = [];
  const fetched = await sluice.jobs.fetch(view("all").id, {
    to,
    onProgress: ({ bytes }) => seen.push(bytes),
  });
  assert.deepEqual(fetched.map(({ path }) => path), [`${to}/model`, `${to}/${odd}`, `${to}/tree`]);
  assert.equal(seen.at(-1), 6 + 4 + 4 + 4);
  assert.equal(await Deno.readTextFile(`${to}/${odd}`), "odd\n");
  assert.equal(await Deno.readTextFile(`${to}/tree/in`), "one\n");
  assert.equal((await Deno.stat(`${to}/tree/run`)).mode ?? 0 & 0o100, 0o100755);
  assert.ok((await Deno.stat(`${to}/tree/sub/empty`)).isDirectory);
  assert.deepEqual(fetched[2]?.linksLeftOut, [{ path: "out", target: "/etc/passwd" }]);
  assert.deepEqual(
    (await Array.fromAsync(Deno.readDir(to), ({ name }) => name)).sort(),
    [odd, "model", "tree"].sort(),
  );
  const read = async (path: string, offset: number) => {
    const request = { jobId: view("all").id, name: "tree", path, offset };
    const parts = await Array.fromAsync(sluice.jobs.output(request), ({ bytes }) => bytes);
    return decoder.decode(Uint8Array.from(parts.flatMap((part) => [...part])));
  };
  assert.equal(await read("a b/1", 1), "ne\n");
  await assert.rejects(read("../outputs/model", 0), isError("UNSAFE_PATH"));
  await assert.rejects(
    sluice.jobs.fetch(view("all").id, { to, names: ["tree"] }),
    isError("FETCH_TARGET"),
  );
  await assert.rejects(
    sluice.jobs.fetch(view("all").id, { to, names: ["none"] }),
    isError("OUTPUT_NOT_COLLECTED"),
  );
  await assert.rejects(
    sluice.jobs.fetch(view("all").id, { to, names: ["such"] }),
    isError("OUTPUT_NOT_FOUND"),
  );
  await onCluster(["tee", "-a", `${view("all").directory}/outputs/model`], { stdin: "more\n" });
  await assert.rejects(
    sluice.jobs.fetch(view("all").id, { to, names: ["model"] }),
    isError("OUTPUT_CHANGED"),
  );
  assert.equal(await Deno.readTextFile(`${to}/model`), "model\n");

  assert.deepEqual(await ended("missing"), ["failed", 95, "is it's: missing", "other: missing"]);
  assert.match(await said(sluice, view("missing").id), /^sluice: the output is it's is missing: /m);
  assert.deepEqual(await ended("wrongKind"), ["failed", 95, "model: missing"]);
  assert.deepEqual(await ended("outside"), ["failed", 96, "model: outside", "dot: outside"]);
  assert.deepEqual(await ended("outsideDirectory"), ["failed", 96, "x: outside"]);
  assert.deepEqual(await ended("failing"), [
    "failed",
    7,
    "always: collected",
    "never: not_collected",
    "absent: missing",
  ]);
  const kept = await sluice.jobs.fetch(view("failing").id, { to });
  assert.deepEqual(kept.map(({ path }) => path), [`${to}/always`]);

  assert.equal((await result("array")).outputs, undefined);
  await assert.rejects(sluice.jobs.fetch(view("array").id, { to }), isError("TASK_NOT_FOUND"));
  for (const task of [3, 5]) {
    const { outputs } = await result("array", task);
    assert.equal(outputs?.[0]?.path, `${view("array").directory}/out-${task}`);
    const output = sluice.jobs.output({ jobId: view("array").id, name: "table", task });
    assert.deepEqual(await readAll(output), utf8(`task ${task}\n`));
  }
  assert.equal(view("components").phase, "succeeded");
  for (const [task, word] of [[0, "zero"], [1, "word"]] as const) {
    const output = sluice.jobs.output({ jobId: view("components").id, name: "part", task });
    assert.deepEqual(await readAll(output), utf8(`${word}\n`));
  }
  assert.deepEqual(await ended("retried"), ["succeeded", 0, "model: collected"]);
  assert.equal(await printed(sluice, view("retried").id), "word\nword\n");
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { PackFailedError } from "./errors.ts";
import { Packer } from "./packer.ts";
import { Workshop } from "./testing/workshop.ts";

const { signal } = new AbortController();

/** A command of `sh` that packs in the workshop's directory, and notes that it did. */
function packing(workshop: Workshop, script: string, inputs: string[] = []) {
  const command = ["sh", "-c", `echo run >>log; ${script}`, "sh", "{output}"];
  return { command, directory: workshop.directory, inputs };
}

async function runs(workshop: Workshop): Promise<number> {
  return (await Deno.readTextFile(workshop.path("log"))).length / 4;
}

Deno.test("a command runs once for all who ask together, and again when an input has changed", async () => {
  await using workshop = await Workshop.open();
  await workshop.write("lock", "one");
  const packs = workshop.path("packs");
  const software = packing(workshop, 'cp lock "$1.tar.gz"', ["lock"]);
  const packer = new Packer(packs);
  assert.equal(await packer.made(software), undefined);
  const paths = await Promise.all([1, 2, 3].map(() => packer.pack(software, signal)));
  const [path = ""] = paths;
  assert.deepEqual(new Set(paths), new Set([path]));
  assert.equal(await Deno.readTextFile(path), "one");
  assert.ok(path.endsWith("/environment.tar.gz"), path);
  assert.equal(await packer.pack(software, signal), path);
  assert.equal(await new Packer(packs).pack(software, signal), path, "nor by another Sluice");
  assert.equal(await runs(workshop), 1);

  await workshop.write("lock", "two");
  const killed = join(path, "../../killed.part");
  await Deno.mkdir(killed);
  assert.equal(await packer.made(software), undefined);
  const other = await packer.pack(software, signal);
  assert.equal(await Deno.readTextFile(other), "two");
  assert.equal(await runs(workshop), 2);
  await assert.rejects(Deno.stat(path), "what nothing asks for any more is gone");
  await assert.rejects(Deno.stat(killed), "and what a Sluice left that was killed");
});

Deno.test("without inputs a command runs once for each Sluice", async () => {
  await using workshop = await Workshop.open();
  const software = packing(workshop, 'date >"$1"');
  for (const packer of [new Packer(workshop.path("packs")), new Packer(workshop.path("packs"))]) {
    assert.equal(await packer.made(software), undefined);
    const path = await packer.pack(software, signal);
    assert.equal(await packer.pack(software, signal), path);
    assert.equal(await packer.made(software), path);
  }
  assert.equal(await runs(workshop), 2);
});

Deno.test("a command that fails, or writes nothing, says so with its last words, and leaves nothing", async () => {
  await using workshop = await Workshop.open();
  const packer = new Packer(workshop.path("packs"));
  const fail = (script: string) => packer.pack(packing(workshop, script), signal);
  await assert.rejects(fail('echo half >"$1"; echo no room >&2; exit 3'), (error) => {
    assert.ok(error instanceof PackFailedError);
    assert.equal(error.message, '"sh" ended with status 3. It said last: no room');
    return true;
  });
  await assert.rejects(fail("true"), /left no one file at \{output\}/);
  await assert.rejects(
    packer.pack({ command: ["/nonexistent/tool"], directory: undefined, inputs: [] }, signal),
    PackFailedError,
  );
  const left = await workshop.shell("find packs -type f");
  assert.equal(left, "");
});

Deno.test("an input that is not there is told", async () => {
  await using workshop = await Workshop.open();
  const packer = new Packer(workshop.path("packs"));
  await assert.rejects(packer.pack(packing(workshop, "true", ["absent"]), signal), {
    code: "ARCHIVE_UNREADABLE",
  });
});

Deno.test("a command that nobody waits for any more is ended", async () => {
  await using workshop = await Workshop.open();
  const packer = new Packer(workshop.path("packs"));
  const leaving = new AbortController();
  const packed = packer.pack(packing(workshop, "echo $$ >pid; exec sleep 600"), leaving.signal);
  const left = assert.rejects(packed, /left/);
  while ((await workshop.shell("cat pid 2>/dev/null || :")) === "") {
    await workshop.shell("sleep 0.02");
  }
  leaving.abort(new Error("left"));
  await left;
  await workshop.shell('while kill -s 0 "$(cat pid)" 2>/dev/null; do sleep 0.02; done');
  await workshop.shell('while [ -n "$(ls -A packs/*)" ]; do sleep 0.02; done');
});

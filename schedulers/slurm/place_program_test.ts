import assert from "node:assert/strict";
import { entryName } from "../../launchers/mod.ts";
import { FakeSession } from "../testing/fake_session.ts";
import { killGroup } from "../testing/fake_slurm.ts";
import { SHELLS } from "../testing/shells.ts";
import { parsePlaceReplies } from "./place_program.ts";

/** A test with each shell and a session that has not begun. */
function shellTest(name: string, body: (session: FakeSession) => Promise<void>): void {
  for (const shell of SHELLS) {
    Deno.test(`${name} (${shell})`, async () => {
      await using session = await FakeSession.create(shell);
      await body(session);
    });
  }
}

const names = async (directory: string) =>
  (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).sort();

const said = (replies: readonly { readonly kind: string }[]) => replies.map(({ kind }) => kind);

shellTest("a step is placed with its files, whatever its script holds", async (session) => {
  const step = session.step("echo 'it''s' \"$HOME\" \\\\ `id`\n");
  assert.deepEqual(said(await session.place(step)), ["placed"]);
  assert.deepEqual(await names(step.directory), ["job.sh", "payload", "step.sh"]);
  for (const { name, text } of step.files) {
    assert.equal(await Deno.readTextFile(`${step.directory}/${name}`), text);
    assert.equal(((await Deno.stat(`${step.directory}/${name}`)).mode ?? 0) & 0o777, 0o700);
  }
  assert.deepEqual(await names(session.directory), ["inbox"]);
  assert.equal(
    await Deno.readTextFile(`${session.directory}/inbox/${step.attemptId}`),
    step.entry,
  );
});

shellTest("placed again it is the same, and no file is written into", async (session) => {
  const step = session.step("exit 0");
  await session.place(step);
  using file = await Deno.open(`${step.directory}/job.sh`);
  const before = await file.stat();
  assert.deepEqual(said(await session.place(step)), ["placed"]);
  assert.deepEqual((await Deno.stat(`${step.directory}/job.sh`)).ino, before.ino);
  // Cut off before the entry was placed: what lies there is replaced, not written into.
  await Deno.remove(`${session.directory}/inbox/${step.attemptId}`);
  await Deno.writeTextFile(`${step.directory}/job.sh`, "#!/bin/sh\nhalf a scr");
  await Deno.remove(`${step.directory}/payload`);
  using running = await Deno.open(`${step.directory}/job.sh`);
  assert.deepEqual(said(await session.place(step)), ["placed"]);
  assert.equal(new TextDecoder().decode(await readAll(running)), "#!/bin/sh\nhalf a scr");
  for (const { name, text } of step.files) {
    assert.equal(await Deno.readTextFile(`${step.directory}/${name}`), text);
  }
});

shellTest(
  "files within directories are placed too, and replaced where they lie",
  async (session) => {
    const step = session.step("exit 0", { messages: {} });
    const inner = step.files.filter(({ name }) => name.includes("/"));
    assert.ok(inner.length > 0);
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(said(await session.place(step)), ["placed"]);
      for (const { name, text } of step.files) {
        assert.equal(await Deno.readTextFile(`${step.directory}/${name}`), text);
      }
      assert.deepEqual((await names(step.directory)).filter((name) => name.startsWith(".")), []);
      await Deno.remove(`${session.directory}/inbox/${step.attemptId}`);
      await Deno.writeTextFile(`${step.directory}/${inner[0]?.name}`, "half");
    }
  },
);

async function readAll(file: Deno.FsFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(1024);
  return bytes.subarray(0, await file.read(bytes) ?? 0);
}

shellTest(
  "a trace of a step anywhere on its way keeps it from being placed again",
  async (session) => {
    const { directory } = session;
    for (const trace of ["running", "queue.0", "step_end", "begun"]) {
      const step = session.step("exit 0");
      await Deno.mkdir(step.directory, { recursive: true });
      if (trace === "begun") await Deno.symlink("12.3", `${step.directory}/begun`);
      else if (trace === "step_end") {
        await Deno.writeTextFile(
          `${step.directory}/step_end`,
          "0 1\n",
        );
      } else {
        await Deno.mkdir(`${directory}/${trace}`, { recursive: true });
        await Deno.writeTextFile(`${directory}/${trace}/${step.attemptId}`, "");
      }
      assert.deepEqual(said(await session.place(step)), ["placed"]);
      assert.equal(await session.read(`${directory}/inbox/${step.attemptId}`), undefined, trace);
    }
  },
);

shellTest("each task of an array has an entry", async (session) => {
  const step = session.step("exit 0", { resources: { array: "0,7,10%2" } });
  assert.deepEqual(said(await session.place(step)), ["placed"]);
  assert.deepEqual(
    await names(`${session.directory}/inbox`),
    [0, 7, 10].map((task) => entryName(step.attemptId, task)),
  );
  assert.match(step.entry, /^# at most 2\n/);
  // One that has ended is not placed again, one that was lost on the way is.
  await Deno.writeTextFile(`${step.directory}/step_end.7`, "0 1\n");
  for (const { name } of Deno.readDirSync(`${session.directory}/inbox`)) {
    await Deno.remove(`${session.directory}/inbox/${name}`);
  }
  await session.place(step);
  assert.deepEqual(
    await names(`${session.directory}/inbox`),
    [0, 10].map((task) => entryName(step.attemptId, task)),
  );
});

shellTest("a session that has closed refuses, and is not opened again", async (session) => {
  const before = session.step("exit 0");
  await session.place(before);
  await Deno.rename(`${session.directory}/inbox`, `${session.directory}/queue.0`);
  await Deno.writeTextFile(`${session.directory}/inbox`, "idle\n");
  const after = session.step("exit 0");
  const replies = await session.place(before, after);
  assert.deepEqual(replies, [
    { attemptId: before.attemptId, kind: "placed" },
    { attemptId: after.attemptId, kind: "closed", words: "idle" },
  ]);
  assert.equal(await session.read(`${session.directory}/inbox`), "idle\n");
});

shellTest("a session whose job has ended refuses", async (session) => {
  await Deno.mkdir(session.directory, { recursive: true });
  await Deno.writeTextFile(`${session.directory}/exit`, "77 0 143 CONT 1 2\n");
  assert.deepEqual(said(await session.place(session.step("exit 0"))), ["closed"]);
});

shellTest("for a step no process is started, however many are placed", async (session) => {
  const started = async (count: number) => {
    const log = `${session.fake.bin}.started`;
    const programs = ["mkdir", "chmod", "mv", "mktemp", "rm", "rmdir", "df", "scancel"];
    for (const program of programs) {
      await session.fake.command(
        program,
        `echo ${program} >>'${log}'; PATH=/usr/bin:/bin exec ${program} "$@"`,
      );
    }
    await Deno.writeTextFile(log, "");
    await session.place(...Array.from({ length: count }, () => session.step("exit 0")));
    return (await Deno.readTextFile(log)).trim().split("\n");
  };
  const few = await started(3);
  // The inbox is made by the first.
  assert.deepEqual(few.toSorted(), ["chmod", "mkdir", "mkdir", "mktemp", "mv", "rm"]);
  assert.equal((await started(60)).length, few.length - 1);
});

shellTest("a program that is cut off places whole entries or none", async (session) => {
  const steps = Array.from({ length: 30 }, () => session.step("exit 0"));
  const program = session.program(steps);
  for (const share of [0.2, 0.6, 0.95, 0.999]) {
    const { stdout } = await session.fake.run(
      session.shell,
      program.slice(0, Math.floor(program.length * share)),
    );
    assert.deepEqual(parsePlaceReplies(stdout), [], "what is not whole does nothing");
  }
  for (let milliseconds = 1; milliseconds < 40; milliseconds += 5) {
    const child = session.fake.start(session.shell, program);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await killGroup(child);
    await session.fake.end(child);
  }
  assert.deepEqual(new Set(said(await session.place(...steps))), new Set(["placed"]));
  for (const step of steps) {
    assert.equal(await session.read(`${session.directory}/inbox/${step.attemptId}`), step.entry);
    for (const { name, text } of step.files) {
      assert.equal(await session.read(`${step.directory}/${name}`), text);
    }
  }
});

Deno.test("what is no reply is passed over", () => {
  assert.deepEqual(
    parsePlaceReplies("a banner\x1eb\x1fwhat\x1f\x1ec\x1fclosed"),
    [],
  );
  assert.deepEqual(parsePlaceReplies("a\x1fclosed\x1fidle\x1eb\x1fplaced\x1f\x1e"), [
    { attemptId: "a", kind: "closed", words: "idle" },
    { attemptId: "b", kind: "placed" },
  ]);
});

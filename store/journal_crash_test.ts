import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { JournalInUseError } from "./errors.ts";
import { Journal } from "./journal.ts";
import { ids, take, TemporaryDirectory } from "./journal_testing.ts";

Deno.test("a process that is killed leaves all it has confirmed, whole calls only, and no lock", async () => {
  using directory = new TemporaryDirectory();
  const path = directory.file("journal.db");
  const writer = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--allow-read",
      `--allow-write=${directory.path}`,
      fileURLToPath(new URL("./journal_crash_testing.ts", import.meta.url)),
      path,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let printed = "";
  for await (const text of writer.stdout.pipeThrough(new TextDecoderStream())) {
    if (printed === "") assert.throws(() => Journal.open({ path }), JournalInUseError);
    if (printed.length <= 2000 && printed.length + text.length > 2000) writer.kill("SIGKILL");
    printed += text;
  }
  await writer.status;
  const confirmed = printed.split("\n").slice(0, -1).map(Number);
  using journal = Journal.open({ path });
  const stored = ids(await take(journal.jobFeed({}), journal.lastEventId()));
  assert.deepEqual(stored.slice(0, confirmed.length), confirmed);
  assert.equal(stored.length % 2, 0);
});

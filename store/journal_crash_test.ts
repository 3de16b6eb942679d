import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { JournalInUseError } from "./errors.ts";
import { Journal } from "./journal.ts";
import { SampleJob, TemporaryDirectory } from "./testing/sample_journal.ts";

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
      fileURLToPath(new URL("./testing/append_until_killed.ts", import.meta.url)),
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
  // Ids that a half-written commit may have had are left out, so the number of events tells no end.
  const end = (await journal.append([new SampleJob(-1).accepted()])).at(-1)?.id;
  const stored: number[] = [];
  for await (const { id } of journal.jobFeed({})) {
    if (id === end) break;
    stored.push(id);
  }
  assert.deepEqual(stored.slice(0, confirmed.length), confirmed);
  assert.equal(stored.length % 2, 0);
});

import assert from "node:assert/strict";
import { getLogger, reset } from "@logtape/logtape";
import { configureLogging } from "./logging.ts";

async function logged(format: "text" | "json", level: "info" | "debug"): Promise<string> {
  let written = "";
  await configureLogging({ format, level }, (line) => written += line);
  try {
    const log = getLogger(["sluice", "rpc"]);
    log.debug("small");
    log.info("from {host}", { host: "login\nfake line\x1b[2J" });
  } finally {
    await reset();
  }
  return written;
}

Deno.test("the log for people is one line for each record, whatever it holds", async () => {
  const lines = (await logged("text", "info")).trimEnd().split("\n");
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ info sluice.*rpc: from /);
  assert.match(lines[0] ?? "", /login\\.*fake line/);
});

Deno.test("the log for programs is JSON lines, and the level decides what is written", async () => {
  const lines = (await logged("json", "debug")).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert.deepEqual(lines.map(({ level }) => level), ["DEBUG", "INFO"]);
});

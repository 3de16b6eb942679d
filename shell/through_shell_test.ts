import assert from "node:assert/strict";
import { throughShell } from "./mod.ts";

Deno.test("a program gets its arguments as they are, and is the process that was started", async () => {
  const script = 'printf "%s\\n" "$$" "$@"';
  const words = ["a b", "$HOME", "'", "", "-x"];
  const child = new Deno.Command("sh", {
    args: throughShell(["sh", "-c", script, "sh", ...words]),
    stdout: "piped",
  }).spawn();
  const { stdout } = await child.output();
  assert.equal(new TextDecoder().decode(stdout), `${[child.pid, ...words].join("\n")}\n`);
});

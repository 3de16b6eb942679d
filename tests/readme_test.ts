/**
 * What the README tells a newcomer to run.
 */

import assert from "node:assert/strict";
import { loadConfig } from "../config/mod.ts";

const root = new URL("..", import.meta.url).pathname;
const readme = await Deno.readTextFile(`${root}README.md`);

async function denoDirectory(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const info: unknown = JSON.parse(new TextDecoder().decode(stdout));
  assert.ok(typeof info === "object" && info !== null && "denoDir" in info);
  assert.ok(typeof info.denoDir === "string");
  return info.denoDir;
}

Deno.test("the README's two commands are tasks of the project", async () => {
  const commands = [...readme.matchAll(/^npx -y deno@2 task (\w+)$/gm)].map(([, task]) => task);
  assert.deepEqual(commands, ["demo", "test"]);
  const manifest: unknown = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  assert.ok(typeof manifest === "object" && manifest !== null && "tasks" in manifest);
  assert.ok(typeof manifest.tasks === "object" && manifest.tasks !== null);
  for (const task of commands) assert.ok(task !== undefined && task in manifest.tasks, task);
});

/** What a task prints, in a home directory that it must leave alone. */
async function printedBy(task: string): Promise<string> {
  const home = await Deno.makeTempDir({ prefix: "sluice-demo-home-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", task],
      cwd: root,
      env: { HOME: home, DENO_DIR: await denoDirectory() },
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.deepEqual([...Deno.readDirSync(home)], []);
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("the demo shows events, output and result, and leaves the home directory alone", async () => {
  const said = await printedBy("demo");
  assert.match(said, /^event {4}event 1: accepted$/m);
  assert.match(said, /^output {3}step 3 of 3$/m);
  assert.match(said, /^event {4}event \d+: ended, succeeded$/m);
  assert.match(said, /^result {3}succeeded, exit status 0$/m);
});

Deno.test("the launcher that the examples show starts a payload once for each rank", async () => {
  const lines = (await printedBy("demo:launcher")).trimEnd().split("\n");
  assert.equal(lines.pop(), "succeeded");
  assert.deepEqual(lines.sort(), ["rank 0 of 3", "rank 1 of 3", "rank 2 of 3"]);
});

Deno.test("the README's configurations are such", async () => {
  const names: string[][] = [];
  for (const [, text = ""] of readme.matchAll(/```yaml\n([\s\S]*?)```/g)) {
    const { clusters } = await loadConfig({
      path: "/sluice.yaml",
      env: (name) => name === "HOME" ? "/home/ada" : undefined,
      readTextFile: () => Promise.resolve(text),
    });
    names.push(Object.keys(clusters));
  }
  assert.deepEqual(names, [["dev", "here"], ["dev"]]);
});

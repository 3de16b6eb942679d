/**
 * Checks everything that can be known without running the program: `deno task check`.
 *
 * All checks run, whatever the others found, so that one run tells all that is to be mended.
 *
 * @module
 */

import { z } from "zod";
import { undocumented } from "./undocumented.ts";

const manifestSchema = z.object({ exports: z.record(z.string(), z.string()) });

/** What a check found: `undefined` if all is well. */
type Finding = string | undefined;

async function deno(...args: string[]): Promise<{ success: boolean; output: string }> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { success, output: text.decode(stdout) + text.decode(stderr) };
}

async function passes(...args: string[]): Promise<Finding> {
  const { success, output } = await deno(...args);
  return success ? undefined : output;
}

/** README.md, CHANGELOG.md and whatever lies in docs/. */
async function* markdown(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = directory === "." ? name : `${directory}/${name}`;
    if (isDirectory) {
      if (directory !== "." || name === "docs") yield* markdown(path);
    } else if (name.endsWith(".md")) yield path;
  }
}

async function types(): Promise<Finding> {
  const documents = await Array.fromAsync(markdown("."));
  return await passes("check", "--frozen", "--doc", ".", ...documents);
}

async function documented(): Promise<Finding> {
  const { exports } = manifestSchema.parse(JSON.parse(await Deno.readTextFile("deno.json")));
  const { success, output } = await deno("doc", "--lint", ...Object.values(exports));
  if (!success && !output.includes("error[")) return output;
  const symbols = undocumented(output);
  return symbols.length === 0 ? undefined : `no JSDoc:\n  ${symbols.join("\n  ")}`;
}

const CHECKS: readonly (readonly [string, () => Promise<Finding>])[] = [
  ["format", () => passes("fmt", "--check")],
  ["lint", () => passes("lint")],
  ["types of code and of the examples in docs, with the lock file frozen", types],
  ["every exported symbol documented", documented],
];

if (import.meta.main) {
  for (const [name, check] of CHECKS) {
    const finding = await check();
    console.log(`${finding === undefined ? "ok    " : "FAILED"} ${name}`);
    if (finding === undefined) continue;
    console.log(finding.trim());
    Deno.exitCode = 1;
  }
}

import assert from "node:assert/strict";
import { z } from "zod";
import {
  checkClient,
  checkDoors,
  checkLayers,
  checkNothingSilenced,
  checkPackages,
  checkTestCodeStaysOut,
} from "./architecture/rules.ts";
import { parseSource, readSources } from "./architecture/source.ts";

const root = new URL("../", import.meta.url);
const manifest = z.object({
  name: z.string(),
  imports: z.record(z.string(), z.string()),
  lint: z.object({ rules: z.object({ tags: z.array(z.string()), include: z.array(z.string()) }) }),
  compilerOptions: z.record(z.string(), z.unknown()),
  test: z.object({ sanitizeOps: z.boolean(), sanitizeResources: z.boolean() }),
  tasks: z.record(z.string(), z.object({ command: z.string() })),
}).parse(JSON.parse(await Deno.readTextFile(new URL("deno.json", root))));
const sources = await readSources(root);
const packages = new Set(Object.keys(manifest.imports));

function files(samples: Record<string, string>) {
  return Object.entries(samples).map(([path, text]) => parseSource(path, text));
}

Deno.test("every folder with code is looked at, and imports are found in it", () => {
  const folders = new Set(sources.map(({ path }) => path.split("/")[0]));
  for (const folder of ["model", "slurm", "hosts", "actors", "rpc", "cli", "scripts", "tests"]) {
    assert.ok(folders.has(folder), folder);
  }
  const rules = sources.find(({ path }) => path === "tests/architecture/rules.ts");
  assert.deepEqual(rules?.imports.map(({ target }) => target), [
    "tests/architecture/source.ts",
    "tests/architecture/source.ts",
  ]);
});

Deno.test("imports are told apart: types, names, stars, dynamic ones, and none in comments", () => {
  const text = `/**
 * \`\`\`ts
 * import { a } from "@sluice/sluice";
 * \`\`\`
 */
import type { A } from "../model/mod.ts";
import { type B, type C as D } from "./b.ts";
import {
  c,
  type E,
} from "./c.ts";
import "./effect.ts";
export * from "./star.ts";
export const from = "nowhere";
// import "./never.ts"
const late = () => import("./late.ts");
`;
  assert.deepEqual(
    parseSource("rpc/a.ts", text).imports.map(({ target, typeOnly, names }) => [
      target,
      typeOnly,
      names.join(),
    ]),
    [
      ["model/mod.ts", true, "A"],
      ["rpc/b.ts", true, "B,C"],
      ["rpc/c.ts", false, "c,E"],
      ["rpc/effect.ts", false, ""],
      ["rpc/star.ts", false, ""],
      ["rpc/late.ts", false, ""],
    ],
  );
});

Deno.test("dependencies point one way", () => {
  assert.deepEqual(checkLayers(sources), []);
});

Deno.test("an import against the layers is found", () => {
  const against: Record<string, string> = {
    "model/a.ts": 'import { quote } from "../shell/mod.ts";',
    "slurm/a.ts": 'import type { Host } from "../hosts/mod.ts";',
    "hosts/ssh/a.ts": 'import { a } from "../../slurm/mod.ts";',
    "actors/a.ts": 'import { serve } from "../rpc/mod.ts";',
    "actors/kernel/a.ts": 'import { SluiceError } from "../../model/mod.ts";',
    "rpc/a.ts": 'import { run } from "../cli/mod.ts";',
    "store/a.ts": 'export * from "../mod.ts";',
    "fresh/a.ts": "",
  };
  for (const [path, text] of Object.entries(against)) {
    assert.equal(checkLayers(files({ [path]: text })).length, 1, path);
  }
  const along: Record<string, string> = {
    "launchers/a.ts": 'import { sbatch } from "../slurm/mod.ts";',
    "rpc/a.ts": 'import { Sluice } from "../actors/mod.ts";',
    "actors/a.ts": 'import { actorSystem } from "./kernel/mod.ts";',
    "examples/a.ts": 'import { Sluice } from "../mod.ts";',
    "slurm/a.ts": 'import { b } from "./b.ts";',
  };
  assert.deepEqual(checkLayers(files(along)), []);
});

Deno.test("a folder is entered through its door", () => {
  assert.deepEqual(checkDoors(sources), []);
});

Deno.test("an import past a door is found", () => {
  const past: Record<string, string> = {
    "actors/a.ts": 'import { b } from "../slurm/b.ts";',
    "actors/b.ts": 'import { tell } from "./kernel/tell.ts";',
    "tests/a_test.ts": 'import { b } from "../store/b.ts";',
    "scripts/bench/a.ts": 'import { up } from "../testbed/up.ts";',
    "cli/a.ts": 'import { fake } from "../rpc/testing/fake.ts";',
  };
  for (const [path, text] of Object.entries(past)) {
    assert.equal(checkDoors(files({ [path]: text })).length, 1, path);
  }
  const through: Record<string, string> = {
    "actors/a.ts": 'import { b } from "../slurm/mod.ts";',
    "actors/b.ts": 'import { tell } from "./kernel/mod.ts";',
    "scripts/bench/a.ts": 'import { up } from "../testbed/mod.ts";\nimport { b } from "./b.ts";',
    "cli/a_test.ts": 'import { fake } from "../rpc/testing/fake.ts";',
  };
  assert.deepEqual(checkDoors(files(through)), []);
});

Deno.test("what ships loads nothing that is there for tests", () => {
  assert.deepEqual(checkTestCodeStaysOut(sources), []);
  const samples = files({
    "cli/a.ts": 'import { fake } from "../rpc/testing/fake.ts";',
    "cli/b.ts": 'import { readTestbed } from "../scripts/testbed/mod.ts";',
    "cli/a_test.ts": 'import { fake } from "../rpc/testing/fake.ts";',
  });
  assert.equal(checkTestCodeStaysOut(samples).length, 2);
});

Deno.test("the shipped client loads nothing of the server and nothing that only Deno has", () => {
  assert.deepEqual(checkClient("rpc/client.ts", sources), []);
});

Deno.test("a client that would not run elsewhere is found", () => {
  const client = (text: string, more: Record<string, string> = {}) =>
    checkClient("rpc/client.ts", files({ "rpc/client.ts": text, ...more })).length;
  assert.equal(
    client('import type { Sluice } from "../actors/mod.ts";', { "actors/mod.ts": "" }),
    0,
  );
  assert.equal(client('import { Sluice } from "../actors/mod.ts";', { "actors/mod.ts": "" }), 1);
  assert.equal(client('import { a } from "./a.ts";', { "rpc/a.ts": "Deno.exit();" }), 1);
  assert.equal(client('import { Buffer } from "node:buffer";'), 1);
  assert.equal(checkClient("rpc/client.ts", []).length, 1);
});

Deno.test("packages are named in the import map only, and @std/yaml can be switched back", () => {
  assert.deepEqual(checkPackages(sources, packages, manifest.name), []);
  const broken: Record<string, string> = {
    "a.ts": 'import { z } from "npm:zod";',
    "b.ts": 'import { parse } from "jsr:@std/yaml";',
    "c.ts": 'import { LineCounter } from "@std/yaml";',
    "d.ts": 'import * as yaml from "@std/yaml";',
    "e.ts": 'import { a } from "https://example.org/a.ts";',
  };
  for (const [path, text] of Object.entries(broken)) {
    assert.equal(checkPackages(files({ [path]: text }), packages, manifest.name).length, 1, path);
  }
});

Deno.test("nothing silences the linter or the compiler", () => {
  assert.deepEqual(checkNothingSilenced(sources), []);
  const samples = files({
    "a.ts": `// ${"deno-lint"}-ignore no-explicit-any`,
    "b.ts": `// ${"@ts"}-expect-error it is wrong`,
    "b_test.ts": `// ${"@ts"}-ignore`,
    "c_test.ts": `// ${"@ts"}-expect-error it must not compile`,
  });
  assert.equal(checkNothingSilenced(samples).length, 3);
});

Deno.test("the linter refuses any and non-null assertions, the compiler all that is loose", () => {
  const { lint, compilerOptions } = manifest;
  assert.ok(lint.rules.tags.includes("recommended"));
  for (const rule of ["no-explicit-any", "no-non-null-assertion"]) {
    assert.ok(lint.rules.include.includes(rule), rule);
  }
  for (const option of ["strict", "exactOptionalPropertyTypes", "noUncheckedIndexedAccess"]) {
    assert.equal(compilerOptions[option], true, option);
  }
});

Deno.test("no task has all permissions, and tests fail on what they leave open", () => {
  for (const [name, { command }] of Object.entries(manifest.tasks)) {
    assert.doesNotMatch(command, /(^|\s)(-A|--allow-all)\b/, name);
  }
  assert.deepEqual(manifest.test, { sanitizeOps: true, sanitizeResources: true });
});

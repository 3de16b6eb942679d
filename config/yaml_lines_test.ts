import assert from "node:assert/strict";
import { yamlLines } from "./yaml_lines.ts";

const text = `# a comment
server:
  port: 1

  'quoted key': 2
clusters:
  dev:
    type: slurm
    shell:
      prelude: |
        port: not a key
        module load slurm
      command: sh
    "host": login   # a comment
    flow: { inner: 1,
      deep: 2 }
  "two words":
    jobs:
    - name: a
      time: 3
    -   name: b
lists:
  - - x
    - y
  - z
`;

const line = (...path: (string | number)[]) => yamlLines(text).lineOf(path);

Deno.test("a key is found on its line, under its parents", () => {
  assert.equal(line("server"), 2);
  assert.equal(line("server", "port"), 3);
  assert.equal(line("server", "quoted key"), 5);
  assert.equal(line("clusters", "dev", "shell", "command"), 13);
  assert.equal(line("clusters", "dev", "host"), 14);
});

Deno.test("what stands in a block scalar is no key", () => {
  assert.equal(line("clusters", "dev", "shell", "port"), 9);
});

Deno.test("entries of a list are counted, also where the dash stands under its key", () => {
  assert.equal(line("clusters", "two words", "jobs", 0, "name"), 19);
  assert.equal(line("clusters", "two words", "jobs", 0, "time"), 20);
  assert.equal(line("clusters", "two words", "jobs", 1, "name"), 21);
  assert.equal(line("lists", 0, 1), 24);
  assert.equal(line("lists", 1), 25);
});

Deno.test("a path inside a flow collection degrades to its nearest ancestor", () => {
  assert.equal(line("clusters", "dev", "flow", "inner"), 15);
});

Deno.test("a path that is nowhere is at the first line", () => {
  assert.equal(line("nothing"), 1);
});

Deno.test("a tagged value is noticed with its line", () => {
  assert.equal(yamlLines("a: 1\nb: !include x\n").taggedLine, 2);
  assert.equal(yamlLines("a: '!quoted'\n").taggedLine, undefined);
});

Deno.test("carriage returns do not shift or hide keys", () => {
  assert.equal(yamlLines("a: 1\r\nb:\r\n  c: 2\r\n").lineOf(["b", "c"]), 3);
});

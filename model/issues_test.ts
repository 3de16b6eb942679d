import assert from "node:assert/strict";
import { z } from "zod";
import { clusterConfigSchema } from "./cluster_config.ts";
import { inputIssues, issuesText, pathText } from "./issues.ts";
import { jobSpecSchema } from "./job_spec.ts";

function issuesOf(schema: z.ZodType, input: unknown): string {
  const parsed = schema.safeParse(input);
  assert.equal(parsed.success, false);
  return issuesText(inputIssues(parsed.error));
}

Deno.test("each wrong field is named with what it must be", () => {
  assert.equal(
    issuesOf(clusterConfigSchema, { type: "slurm", host: 1, port: 99_999, keepaliveSeconds: 0 }),
    "host: must be a string; port: must be at most 65535; keepaliveSeconds: must be at least 1",
  );
});

Deno.test("a missing field is called required and an unknown one unknown", () => {
  assert.equal(
    issuesOf(clusterConfigSchema, { type: "slurm", hosst: "a" }),
    "host: is required; hosst: is not a known name",
  );
});

Deno.test("a wrong discriminator lists what there is", () => {
  assert.equal(
    issuesOf(clusterConfigSchema, { type: "slum" }),
    "type: must be one of slurm, local",
  );
});

Deno.test("a union tells what any of its branches would take", () => {
  assert.equal(
    issuesOf(jobSpecSchema, {
      cluster: "dev",
      payload: { kind: "command", command: ["a"] },
      resources: { gpus: true },
    }),
    "resources.gpus: must be a number, or must be a string",
  );
});

Deno.test("a wrong key of a record is explained by the key's own rule", () => {
  assert.match(
    issuesOf(jobSpecSchema, {
      cluster: "dev",
      payload: { kind: "command", command: ["a"] },
      environment: { "A-B": "x" },
    }),
    /^environment\.A-B: a variable's name has letters/,
  );
});

Deno.test("a value that was given is never repeated", () => {
  const secret = "hunter2hunter2";
  const schema = z.strictObject({ token: z.number(), mode: z.enum(["a", "b"]) });
  assert.ok(!issuesOf(schema, { token: secret, mode: secret }).includes(secret));
});

Deno.test("types are named in words", () => {
  const schema = z.object({ a: z.int(), b: z.array(z.string()), c: z.boolean(), d: z.object({}) });
  assert.equal(
    issuesOf(schema, { a: 1.5, b: "x", c: 1, d: null }),
    "a: must be a whole number; b: must be a list; c: must be true or false; d: must be a mapping",
  );
});

Deno.test("a path is written as code would write it", () => {
  assert.equal(pathText(["jobs", 3, "resources", "time"]), "jobs[3].resources.time");
  assert.equal(pathText([]), "");
});

Deno.test("trouble with the whole input is said of the input", () => {
  assert.equal(issuesOf(z.string(), 3), "the input must be a string");
});

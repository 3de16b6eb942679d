import assert from "node:assert/strict";
import { jobSpecSchema, packedSoftware, softwareSchema, withEnvironments } from "./mod.ts";

const sha256 = "0123456789abcdef".repeat(4);

function refused(input: unknown): boolean {
  return !softwareSchema.safeParse(input).success;
}

Deno.test("names that commands would take for options, and paths that lead elsewhere, are refused", () => {
  assert.ok(refused({ kind: "modules", modules: ["-gcc"] }));
  assert.ok(refused({ kind: "modules", modules: [] }));
  assert.ok(refused({ kind: "conda", environment: "--help" }));
  assert.ok(refused({ kind: "conda", environment: "tides", conda: "conda" }));
  assert.ok(refused({ kind: "venv", path: "tides" }));
  assert.ok(refused({ kind: "archive", path: "a.tar", activate: "/bin/activate" }));
  assert.ok(refused({ kind: "archive", path: "a.tar", root: "a/../../b" }));
  assert.ok(refused({ kind: "pack", command: [] }));
  assert.ok(refused({ kind: "environment", sha256: sha256.toUpperCase() }));
  assert.ok(refused({ kind: "environment", sha256: "../x" }));
  assert.ok(!refused({ kind: "conda", environment: "it's $(id)" }));
  assert.ok(!refused({ kind: "pack", command: ["sh", "-c", "one\ntwo", ""] }));
});

Deno.test("what lies on the cluster takes the place of what was to be sent, part by part", () => {
  const payload = { kind: "command" as const, command: ["true"] };
  const spec = jobSpecSchema.parse({
    cluster: "here",
    payload,
    software: { kind: "archive", path: "a.tar", root: "a", activate: "bin/activate" },
    components: [
      { payload, software: { kind: "venv", path: "/venv" } },
      { payload, software: { kind: "pack", command: ["pack", "{output}"] } },
    ],
  });
  assert.deepEqual(packedSoftware(spec).map(({ kind }) => kind), ["archive", "pack"]);
  const sent = withEnvironments(spec, [{ sha256, platform: "any" }, { sha256 }]);
  assert.deepEqual(sent.software, {
    kind: "environment",
    sha256,
    platform: "any",
    root: "a",
    activate: "bin/activate",
  });
  assert.deepEqual(sent.components?.map(({ software }) => software), [
    { kind: "venv", path: "/venv" },
    { kind: "environment", sha256, activate: "activate.sh" },
  ]);
  assert.ok(jobSpecSchema.safeParse(sent).success);
  assert.deepEqual(packedSoftware(sent), []);
  const half = withEnvironments(spec, [{ sha256 }]);
  assert.deepEqual(packedSoftware(half).map(({ kind }) => kind), ["pack"]);
});

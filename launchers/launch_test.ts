import assert from "node:assert/strict";
import { jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { launch } from "./mod.ts";

function plan(input: Omit<JobSpecInput, "cluster">, kind: "allocation" | "host" = "allocation") {
  return launch(jobSpecSchema.parse({ cluster: "here", ...input }), { kind });
}

const command: JobSpecInput["payload"] = { kind: "command", command: ["true"] };
const python: JobSpecInput["payload"] = {
  kind: "script",
  script: "#!/usr/bin/env python3\n",
};

Deno.test("srun and a wrapper are refused where nothing would be started by them", () => {
  const cases: readonly Omit<JobSpecInput, "cluster">[] = [
    { payload: command, launcher: { kind: "ray" }, srun: true },
    { payload: command, launcher: { kind: "spark" }, srun: true },
    { payload: { kind: "cluster" }, launcher: { kind: "ray" }, wrapper: ["nsys"] },
    { payload: { kind: "allocation" }, srun: true },
    { payload: python, launcher: { kind: "spark" }, wrapper: ["nsys"] },
  ];
  for (const input of cases) assert.throws(() => plan(input), { code: "NOT_STARTED_SO" });
  const { body } = plan({ payload: command, launcher: { kind: "ray" }, wrapper: ["nsys"] });
  assert.match(body.join("\n"), /nsys true$/);
});

Deno.test("a host without a scheduler starts the payload without srun", () => {
  assert.deepEqual(plan({ payload: command, srun: true }, "host").body, ["exec true"]);
});

Deno.test("words are filled in, and files are paths, also of a component", () => {
  const spec = jobSpecSchema.parse({
    cluster: "here",
    payload: { kind: "command", command: ["{inputs.program}", "-o={outputs.out}", "{{inputs.x}}"] },
    inputs: { program: { file: "/here/run it" } },
    outputs: { out: {} },
  });
  const { body } = launch({ ...spec, component: 2 }, { kind: "allocation" });
  assert.deepEqual(body, [
    `exec "\${SLUICE_JOB_DIRECTORY}"'/inputs.2/run it' '-o='"\${SLUICE_JOB_DIRECTORY}"'/outputs/out''.2' '{inputs.x}'`,
  ]);
});

Deno.test("a word that names nothing, or would be part of a list, is refused with its place", () => {
  for (
    const [word, code] of [
      ["{inputs.y}", "UNKNOWN_PLACEHOLDER"],
      ["a{inputs.list}", "PLACEHOLDER_LIST"],
    ] as const
  ) {
    assert.throws(
      () =>
        plan({
          payload: { kind: "command", command: ["echo", word] },
          inputs: { list: ["a"] },
        }),
      (error: unknown) => {
        assert.ok(error instanceof Error && "code" in error);
        assert.equal(error.code, code);
        assert.match(error.message, /^Word 2 of `command`/);
        return true;
      },
    );
  }
});

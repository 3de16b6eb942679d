import assert from "node:assert/strict";
import { jobSpecSchema } from "../model/mod.ts";
import type { JobSpecInput } from "../model/mod.ts";
import { checkFilePlaces, FilePlaceError } from "./mod.ts";

function check(input: Pick<JobSpecInput, "inputs" | "outputs" | "workingDirectory">): void {
  const payload = { kind: "command", command: ["true"] } as const;
  checkFilePlaces(jobSpecSchema.parse({ cluster: "here", payload, ...input }));
}

Deno.test("an input or output must not lie where Sluice's own files do", () => {
  for (
    const place of [
      "job.sh",
      "./job.sh",
      "stdout",
      "stdout.3",
      "manifest",
      "attempt-2/x",
      "lock.here:1:2",
      "sbatch.here:1:2.err",
      "component-0",
      "function.sh",
      "pipes-context.json.2",
    ]
  ) {
    const taken = (error: unknown) =>
      error instanceof FilePlaceError && error.code === "FILE_PLACE_TAKEN";
    assert.throws(() => check({ inputs: { a: { text: "", to: place } } }), taken, place);
    assert.throws(() => check({ outputs: { a: { location: place } } }), taken, place);
    check({ inputs: { a: { text: "", to: place } }, workingDirectory: "/data" });
  }
  assert.throws(() => check({ inputs: { a: { directory: "x", to: "." } } }), FilePlaceError);
  check({
    inputs: { a: { text: "", to: "config/job.sh" }, b: { file: "job.sh" } },
    outputs: { model: {}, all: { kind: "directory", location: "." } },
  });
});

Deno.test("a place from the working directory must not lead up out of it", () => {
  assert.throws(() => check({ inputs: { a: { text: "", to: "a/../../b" } } }));
  assert.throws(() => check({ outputs: { a: { location: ".." } } }));
  check({ outputs: { a: { location: "/data/../b" }, c: { location: "a/..b" } } });
});

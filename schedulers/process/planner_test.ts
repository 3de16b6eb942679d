import assert from "node:assert/strict";
import { jobSpecSchema, newJobId } from "../../model/mod.ts";
import type { JobSpecInput } from "../../model/mod.ts";
import { remoteLayout } from "../layout.ts";
import { ProcessPlanner } from "./planner.ts";

const layout = remoteLayout("/root", "server");
const payload: JobSpecInput["payload"] = { kind: "command", command: ["true"] };
const demands: readonly Partial<JobSpecInput>[] = [
  { resources: { nodes: 2, time: "1:00:00" } },
  { options: { "mail-type": "END" } },
  { session: "day" },
  { signalBeforeLimit: {} },
  { srun: true },
  { srun: { options: { label: true } } },
];
const components: Partial<JobSpecInput> = { components: [{ payload }] };

function spec(input: Partial<JobSpecInput>) {
  return jobSpecSchema.parse({ cluster: "here", payload, ...input });
}

Deno.test("what only a scheduler can give is refused, and the way out is named", () => {
  const planner = new ProcessPlanner(layout, "server");
  for (const demand of [...demands, components]) {
    assert.throws(() => planner.preview(newJobId(), spec(demand)), {
      code: "UNSUPPORTED_REQUEST",
    });
  }
  assert.throws(
    () => planner.preview(newJobId(), spec({ session: "day" })),
    (error) =>
      error instanceof Error && "next" in error && /resources: ignore/.test(`${error.next}`),
  );
});

Deno.test("a host that ignores it runs the same as without it", () => {
  const planner = new ProcessPlanner(layout, "server", { resources: "ignore" });
  const id = newJobId();
  const plain = planner.preview(id, spec({}));
  for (const demand of demands) assert.deepEqual(planner.preview(id, spec(demand)), plain);
});

Deno.test("no host without a scheduler holds nodes", () => {
  for (const resources of ["refuse", "ignore"] as const) {
    const planner = new ProcessPlanner(layout, "server", { resources });
    assert.throws(
      () => planner.preview(newJobId(), spec({ payload: { kind: "allocation" } })),
      { code: "UNSUPPORTED_REQUEST" },
    );
  }
});

Deno.test("a host that ignores it runs components side by side", () => {
  const planner = new ProcessPlanner(layout, "server", { resources: "ignore" });
  assert.deepEqual(planner.tasks(spec(components)), [0, 1]);
  const { components: shown, commandLine } = planner.preview(newJobId(), spec(components));
  assert.equal(shown?.length, 2);
  assert.match(commandLine, /component-0\/job\.sh .*component-1\/job\.sh .* wait$/);
});

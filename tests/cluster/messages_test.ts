/**
 * What payloads say while they run, as events of their jobs.
 */

import assert from "node:assert/strict";
import type { JobFact } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

/** The kinds of facts, and the texts of what was logged. */
function words(facts: readonly JobFact[]): string[] {
  return facts.map((fact) =>
    fact.type === "message" && fact.message.kind === "log" ? fact.message.text : fact.type
  );
}

const SAY = `say() {
  printf '{"__dagster_pipes_version":"0.1","method":"log","params":{"message":"%s"}}\\n' "$1" \\
    >>"$SLUICE_MESSAGES"
}
`;

Deno.test("a line of JSON that a shell prints is an event of the job while it runs, and the last one before its end", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const go = workspace.file("go");
  const script = [
    SAY,
    "say 'it begins'",
    `until [ -e '${go.path}' ]; do sleep 0.1; done`,
    "say 'it ends'",
  ].join("\n");
  const { id } = await sluice.jobs.submit(jobSpec(shellJob(script, { messages: {} })));
  const facts: JobFact[] = [];
  for await (const { fact } of sluice.jobs.events({ jobId: id })) {
    facts.push(fact);
    // Only who has heard the first is told the second.
    if (fact.type === "message" && facts.filter(({ type }) => type === "message").length === 1) {
      await onCluster(["touch", go.path]);
    }
  }
  const told = words(facts);
  assert.equal(told.at(-1), "ended", told.join());
  assert.deepEqual(told.filter((word) => word.startsWith("it ")), ["it begins", "it ends"]);
});

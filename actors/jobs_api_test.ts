import assert from "node:assert/strict";
import {
  clusterConfigSchema,
  clusterNameSchema,
  jobSpecSchema,
  schedulerIdSchema,
} from "../model/mod.ts";
import type { JobFact } from "../model/mod.ts";
import { Journal } from "../store/mod.ts";
import { Acceptance } from "./acceptance.ts";
import type { ClusterMessage } from "./cluster/mod.ts";
import { foldJob } from "./job/mod.ts";
import { jobsApi } from "./jobs_api.ts";
import { acceptedEntry } from "./testing/accepted_entry.ts";
import { fakePlanner } from "./testing/fake_connection.ts";
import { jobNumber } from "./testing/simulated_job.ts";
import { Stage } from "./testing/stage.ts";

Deno.test("what a job's result needs of its cluster is asked together", async () => {
  await using stage = new Stage();
  using journal = Journal.open({ path: ":memory:" });
  const id = jobNumber(1);
  const name = clusterNameSchema.parse("alpha");
  const open: (() => void)[] = [];
  const asked: string[] = [];
  /** Nothing is answered before all three have asked. */
  const ask = (question: string, answer: () => void): void => {
    asked.push(question);
    open.push(answer);
    if (asked.length >= 3) { for (const one of open.splice(0)) one(); }
  };
  const ref = stage.system.spawn<ClusterMessage, undefined>("cluster", {
    init: () => undefined,
    receive: (_, message) => {
      if (message.type === "output_size") {
        ask("sizes", () => message.reply.ok({ stdout: 1, stderr: 2 }));
      }
      if (message.type === "read") {
        const { stream, reply } = message.question;
        ask(stream, () => reply.ok(new Uint8Array()));
      }
      return undefined;
    },
  });
  const config = clusterConfigSchema.parse({ type: "local" });
  const handles = new Map([[name, { name, config, planner: fakePlanner, ref }]]);
  const spec = jobSpecSchema.parse({
    cluster: name,
    payload: { kind: "function", language: "python", module: { text: "" }, name: "f" },
    outputs: { model: {} },
  });
  const facts: JobFact[] = [
    { type: "submitting", tries: 1 },
    { type: "submitted", schedulerId: schedulerIdSchema.parse("12") },
    { type: "ended", phase: "succeeded", nodes: [] },
  ];
  const accepted = acceptedEntry(id, spec);
  let view = accepted.view;
  const rest = facts.map((fact, index) => {
    view = foldJob(view, { jobId: id, cluster: name, at: accepted.at, fact });
    return { ...accepted, index: index + 2, fact, view };
  });
  await journal.append([accepted, ...rest]);
  const acceptance = new Acceptance(handles, journal, stage.clock);
  const api = jobsApi(handles, journal, acceptance, { present: () => Promise.resolve(undefined) });
  const { outputBytes, outputs, returned } = await api.result(id);
  assert.deepEqual(asked.sort(), ["manifest", "result", "sizes"]);
  assert.deepEqual(outputBytes, { stdout: 1, stderr: 2 });
  assert.deepEqual([outputs?.[0]?.status, returned], ["not_collected", undefined]);
});

/**
 * Payloads that speak through `dagster-pipes`, unchanged, as jobs: their events are what Dagster itself has made
 * of the same payloads, which `scripts/record_dagster.ts` has recorded.
 */

import assert from "node:assert/strict";
import { z } from "zod";
import type { Sluice } from "../../actors/mod.ts";
import { isFinal, jsonValueSchema, metadataValueSchema } from "../../model/mod.ts";
import type { JobId, JobSpecInput, Message, MessageException } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { assertInOrder, endedJobs, Following } from "./support/events.ts";
import { pythonEnvironment } from "./support/python.ts";
import { jobSpec, Workspace } from "./support/workspace.ts";

const metadata = z.record(z.string(), metadataValueSchema);

const exceptionSchema = z.strictObject({
  name: z.string(),
  message: z.string(),
  get cause() {
    return exceptionSchema.optional();
  },
  get context() {
    return exceptionSchema.optional();
  },
});

const receivedSchema = z.strictObject({
  logs: z.array(z.strictObject({ level: z.string(), text: z.string() })),
  materializations: z.array(
    z.strictObject({ assetKey: z.string(), dataVersion: z.string().optional(), metadata }),
  ),
  checks: z.array(z.strictObject({
    assetKey: z.string(),
    name: z.string(),
    passed: z.boolean(),
    severity: z.string(),
    metadata,
  })),
  custom: z.array(jsonValueSchema),
  printed: z.string(),
  exceptions: z.array(exceptionSchema),
});

type Received = z.infer<typeof receivedSchema>;

const range = z.strictObject({ start: z.string(), end: z.string() });

const recordSchema = z.strictObject({
  dagster: z.string(),
  runs: z.array(z.strictObject({
    name: z.string(),
    payload: z.string(),
    context: z.strictObject({
      asset_keys: z.array(z.string()),
      code_version_by_asset_key: z.record(z.string(), z.string().nullable()),
      provenance_by_asset_key: z.record(
        z.string(),
        z.strictObject({
          code_version: z.string(),
          input_data_versions: z.record(z.string(), z.string()),
          is_user_provided: z.boolean(),
        }).nullable(),
      ),
      partition_key: z.string().nullable(),
      partition_key_range: range.nullable(),
      partition_time_window: range.nullable(),
      run_id: z.string(),
      job_name: z.string(),
      retry_number: z.int(),
      extras: z.record(z.string(), z.json()),
    }),
    retries: z.int(),
    received: receivedSchema,
  })),
});

type Run = z.infer<typeof recordSchema>["runs"][number];

/** The same context as Dagster gave, in the words of a spec. */
function termsOf({ context }: Run): JobSpecInput["messages"] {
  return {
    assetKeys: context.asset_keys,
    codeVersionByAssetKey: context.code_version_by_asset_key,
    provenanceByAssetKey: Object.fromEntries(
      Object.entries(context.provenance_by_asset_key).map(([key, one]) => [
        key,
        one === null ? null : {
          codeVersion: one.code_version,
          inputDataVersions: one.input_data_versions,
          isUserProvided: one.is_user_provided,
        },
      ]),
    ),
    partitionKey: context.partition_key ?? undefined,
    partitionKeyRange: context.partition_key_range ?? undefined,
    partitionTimeWindow: context.partition_time_window ?? undefined,
    runId: context.run_id,
    jobName: context.job_name,
    retryNumber: context.retry_number,
    extras: context.extras,
  };
}

/** The exception without the lines of code, whose paths are those of the machine. */
function withoutStack({ name = "", message, cause, context }: MessageException): z.infer<
  typeof exceptionSchema
> {
  return {
    name,
    message,
    ...(cause === undefined ? {} : { cause: withoutStack(cause) }),
    ...(context === undefined ? {} : { context: withoutStack(context) }),
  };
}

/** What a job has said, in the form of what Dagster received. */
function received(messages: readonly Message[]): Received {
  const all: Received = {
    logs: [],
    materializations: [],
    checks: [],
    custom: [],
    printed: "",
    exceptions: [],
  };
  for (const message of messages) {
    switch (message.kind) {
      case "opened":
        break;
      case "closed":
        if (message.exception !== undefined) all.exceptions.push(withoutStack(message.exception));
        break;
      case "log":
        all.logs.push({ level: message.level, text: message.text });
        break;
      case "materialization": {
        const { kind: _, ...told } = message;
        all.materializations.push(told);
        break;
      }
      case "check": {
        const { kind: _, ...told } = message;
        all.checks.push(told);
        break;
      }
      case "custom":
        all.custom.push(message.payload);
        break;
      case "output":
        assert.equal(message.stream, "stdout");
        all.printed += message.text;
        break;
      case "unreadable":
        assert.fail(`${message.reason} ${message.text}`);
    }
  }
  return all;
}

async function submit(
  sluice: Sluice,
  run: Run,
  { python, directory }: { readonly python: string; readonly directory: string },
): Promise<JobId> {
  const { id } = await sluice.jobs.submit(jobSpec({
    payload: { kind: "command", command: [python, `${directory}/${run.payload}`] },
    messages: termsOf(run),
    resources: { memory: 100, time: 5 },
    ...(run.retries === 0 ? {} : { retry: { times: run.retries, delaySeconds: 0 } }),
  }));
  return id;
}

Deno.test("payloads written for dagster-pipes run unchanged, and their events are what Dagster makes of them", async () => {
  const file = new URL("testdata/dagster-pipes.json", import.meta.url);
  const { dagster, runs } = recordSchema.parse(JSON.parse(await Deno.readTextFile(file)));
  const environment = await pythonEnvironment("dagster-pipes", [`dagster-pipes==${dagster}`]);
  await using workspace = await Workspace.make();
  const directory = `${workspace.remoteDirectory}.pipes`;
  await onCluster(["mkdir", "-p", directory]);
  await Promise.all([...new Set(runs.map(({ payload }) => payload))].map(async (name) => {
    const text = await Deno.readTextFile(new URL(`payloads/pipes/${name}`, import.meta.url));
    const { code, stderr } = await onCluster(["tee", `${directory}/${name}`], { stdin: text });
    assert.equal(code, 0, stderr);
  }));

  await using sluice = await workspace.open();
  await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
  const place = { python: `${environment}/bin/python`, directory };
  const jobs = await Promise.all(
    runs.map(async (run) => ({ run, id: await submit(sluice, run, place) })),
  );
  await feed.until((events) => jobs.every(({ id }) => endedJobs(events).has(id)));

  assertInOrder(feed.events);
  assert.ok(jobs.length >= 10);
  for (const { run, id } of jobs) {
    const facts = feed.events.flatMap(({ jobId, fact }) => jobId === id ? [fact] : []);
    const messages = facts.flatMap((fact) => fact.type === "message" ? [fact.message] : []);
    assert.deepEqual(received(messages), run.received, run.name);
    const view = await sluice.jobs.get(id);
    assert.equal(view.attempt, run.retries + 1, run.name);
    assert.ok(isFinal(view.phase));
    const [first, last] = [messages.at(0), messages.at(-1)];
    assert.deepEqual([first?.kind, last?.kind], ["opened", "closed"], run.name);
    const failed = run.received.exceptions.length > 0;
    assert.equal(view.phase, failed ? "failed" : "succeeded", run.name);
  }
});

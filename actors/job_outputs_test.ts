import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  clusterConfigSchema,
  clusterNameSchema,
  jobSpecSchema,
  schedulerIdSchema,
  SluiceError,
} from "../model/mod.ts";
import type { JobFact, JobSpecInput } from "../model/mod.ts";
import { isSluiceErrorWith } from "../model/testing/sluice_error.ts";
import { Journal } from "../store/mod.ts";
import { ClusterUnreachableError } from "./cluster/mod.ts";
import type { ClusterMessage } from "./cluster/mod.ts";
import { foldJob } from "./job/mod.ts";
import { JobOutputs } from "./job_outputs.ts";
import { acceptedEntry } from "./testing/accepted_entry.ts";
import { FakeConnection, fakePlanner } from "./testing/fake_connection.ts";
import { jobNumber } from "./testing/simulated_job.ts";
import { Stage } from "./testing/stage.ts";

const id = jobNumber(1);
const name = clusterNameSchema.parse("alpha");
const cut = new SluiceError({ code: "LINK_LOST", message: "Cut.", next: "", retryable: true });

const encoder = new TextEncoder();

/** A job with an output, on a cluster that answers as a test says. */
class OutputsStage extends Stage {
  readonly journal = Journal.open({ path: ":memory:" });
  readonly connection = new FakeConnection();
  /** What the job's script left. */
  manifest = "";
  /** How often the manifest was read. */
  reads = 0;
  reachable = true;
  readonly #cluster = this.system.spawn<ClusterMessage, undefined>("cluster", {
    init: () => undefined,
    receive: (_, message) => {
      if (message.type === "read") {
        const { reply, offset, stream } = message.question;
        assert.equal(stream, "manifest");
        this.reads++;
        if (this.reachable) reply.ok(encoder.encode(this.manifest).subarray(offset));
        else reply.fail(new ClusterUnreachableError(name, undefined));
      }
      if (message.type === "files") message.reply.ok(this.connection.files);
      return undefined;
    },
  });
  readonly outputs = new JobOutputs(
    new Map([[name, {
      name,
      config: clusterConfigSchema.parse({ type: "local" }),
      planner: fakePlanner,
      ref: this.#cluster,
    }]]),
    this.journal,
    1,
  );

  /** Has the job be there, with what became of it. */
  async job(input: Partial<JobSpecInput>, ...facts: readonly JobFact[]): Promise<void> {
    const spec = jobSpecSchema.parse({
      cluster: name,
      payload: { kind: "command", command: ["true"] },
      outputs: { model: {} },
      ...input,
    });
    const accepted = acceptedEntry(id, spec);
    let view = accepted.view;
    const rest = facts.map((fact, index) => {
      view = foldJob(view, { jobId: id, cluster: name, at: accepted.at, fact });
      return { ...accepted, index: index + 2, fact, view };
    });
    await this.journal.append([accepted, ...rest]);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    this.journal.close();
  }
}

const sent: JobFact = { type: "submitting", tries: 1 };
const taken: JobFact = { type: "submitted", schedulerId: schedulerIdSchema.parse("12") };
const ended: JobFact = { type: "ended", phase: "succeeded", nodes: [] };

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function manifestOf(content: string): string {
  return ["collected", "model", "/there/model", content.length, 1, sha256(content), ""].join("\0");
}

/** A file that is there up to a byte, and then the line is cut. */
function cutAfter(content: string): ReadableStream<Uint8Array> {
  let left = content;
  return new ReadableStream({
    pull(controller) {
      if (left === "") return controller.error(cut);
      controller.enqueue(encoder.encode(left));
      left = "";
    },
  }, { highWaterMark: 0 });
}

Deno.test("a job that has not ended has no outputs, and one whose files were removed has none any more", async () => {
  await using stage = new OutputsStage();
  await stage.job({}, sent);
  await assert.rejects(stage.outputs.list(id, undefined), isSluiceErrorWith("JOB_NOT_ENDED"));
  await assert.rejects(stage.outputs.list(id, 3), isSluiceErrorWith("TASK_NOT_FOUND"));
  await assert.rejects(
    stage.outputs.list(jobNumber(2), undefined),
    isSluiceErrorWith("JOB_NOT_FOUND"),
  );
});

Deno.test("nothing is told of outputs whose job's files were removed", async () => {
  await using stage = new OutputsStage();
  await stage.job({}, sent, taken, ended);
  await stage.journal.markRemoved([id], stage.clock.now());
  await assert.rejects(stage.outputs.list(id, undefined), isSluiceErrorWith("OUTPUT_REMOVED"));
  await assert.rejects(
    stage.outputs.fetch(id, { to: "none" }),
    isSluiceErrorWith("OUTPUT_REMOVED"),
  );
});

Deno.test("a job without outputs has none, whether the cluster is there or not", async () => {
  await using stage = new OutputsStage();
  stage.reachable = false;
  await stage.job({ outputs: {} }, sent, taken, ended);
  assert.deepEqual(await stage.outputs.list(id, undefined), []);
});

Deno.test("where the cluster cannot be asked, that is said", async () => {
  await using stage = new OutputsStage();
  stage.reachable = false;
  await stage.job({}, sent, taken, ended);
  await assert.rejects(stage.outputs.list(id, undefined), isSluiceErrorWith("CLUSTER_UNREACHABLE"));
});

Deno.test("an output over a line that is cut goes on at the byte where it broke off", async () => {
  await using stage = new OutputsStage();
  await stage.job({}, sent, taken, ended);
  stage.manifest = manifestOf("onetwothree");
  const { opens } = stage.connection.files;
  const parts = ["one", "", "two", "three"];
  opens.answer = () => {
    const part = parts.shift() ?? "";
    return parts.length === 0 ? new Blob([part]).stream() : cutAfter(part);
  };
  const read = stage.outputs.read({ jobId: id, name: "model", offset: 0 }, undefined);
  const chunks = await Array.fromAsync(read, ({ offset, bytes }) => [
    offset,
    new TextDecoder().decode(bytes),
  ]);
  assert.deepEqual(chunks, [[0, "one"], [3, "two"], [6, "three"]]);
  assert.deepEqual(
    opens.made.map(({ argument }) => [argument.path, argument.offset]),
    [["/there/model", 0], ["/there/model", 3], ["/there/model", 3], ["/there/model", 6]],
  );
});

Deno.test("a directory is read as one archive, which goes on where the line was cut", async () => {
  await using stage = new OutputsStage();
  await stage.job({ outputs: { model: { kind: "directory" } } }, sent, taken, ended);
  stage.manifest = manifestOf("onetwo");
  const { archives, opens } = stage.connection.files;
  archives.answer = ({ offset }) => offset === 0 ? cutAfter("one") : new Blob(["two"]).stream();
  const read = stage.outputs.read({ jobId: id, name: "model", offset: 0 }, undefined);
  const pieces = await Array.fromAsync(read, ({ bytes }) => new TextDecoder().decode(bytes));
  assert.equal(pieces.join(""), "onetwo");
  assert.deepEqual(
    archives.made.map(({ argument }) => [argument.path, argument.offset]),
    [["/there/model", 0], ["/there/model", 3]],
  );
  opens.answer = () => new Blob(["inner"]).stream();
  const inner = stage.outputs.read({ jobId: id, name: "model", path: "a/b", offset: 0 }, undefined);
  assert.equal((await Array.fromAsync(inner)).length, 1);
  assert.equal(opens.made[0]?.argument.path, "/there/model/a/b");
});

Deno.test("a file is read whole or in a directory, as the output is one or the other", async () => {
  await using stage = new OutputsStage();
  await stage.job({}, sent, taken, ended);
  stage.manifest = manifestOf("one");
  const read = (name: string, path?: string) =>
    stage.outputs.read(
      { jobId: id, name, offset: 0, ...(path === undefined ? {} : { path }) },
      undefined,
    ).next();
  await assert.rejects(read("model", "inner"), isSluiceErrorWith("OUTPUT_KIND"));
  await assert.rejects(read("such"), isSluiceErrorWith("OUTPUT_NOT_FOUND"));
  stage.manifest = "";
  await assert.rejects(read("model"), isSluiceErrorWith("OUTPUT_NOT_COLLECTED"));
});

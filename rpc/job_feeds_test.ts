import assert from "node:assert/strict";
import { TRPCClientError } from "@trpc/client";
import { startProxy } from "../tests/faults/tcp_proxy.ts";
import type { JobEvent, JobFact } from "../model/mod.ts";
import { SluiceError } from "../model/mod.ts";
import { SubscriberBehindError } from "../store/mod.ts";
import { clientErrorInfo, createSluiceClient } from "./client.ts";
import { createInProcessClient } from "./in_process.ts";
import { jobEvents, jobLogs, jobOutput, LogGapError } from "./job_feeds.ts";
import { serve } from "./server.ts";
import { FakeSluice } from "./testing/fake_sluice.ts";
import { hostnameJob } from "./testing/job_spec.ts";
import { lastingPort } from "./testing/lasting_port.ts";
import { testToken, withServer } from "./testing/with_server.ts";

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function joined(chunks: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, { bytes }) => size + bytes.length, 0));
  let offset = 0;
  for (const { bytes } of chunks) {
    whole.set(bytes, offset);
    offset += bytes.length;
  }
  return whole;
}

const running: JobFact = { type: "running", state: "RUNNING", nodes: ["n1"], restarts: 0 };

function everyByte(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

Deno.test("a feed of one job gives its past, then what happens, and ends with the job", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    const other = await client.jobs.submit.mutate(hostnameJob);
    const seen: string[] = [];
    for await (const { fact, jobId } of jobEvents(client, { jobId: job.id })) {
      assert.equal(jobId, job.id);
      seen.push(fact.type);
      if (fact.type === "accepted") {
        api.record(other.id, running);
        api.record(job.id, running);
      }
      if (fact.type === "running") api.end(job.id);
    }
    assert.deepEqual(seen, ["accepted", "running", "ended"]);
    assert.equal(api.openFeeds, 0);
  });
});

Deno.test("a feed begins after the event that it was told", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    api.record(job.id, running);
    api.end(job.id);
    const ids = (await collect(jobEvents(client, { jobId: job.id }, { after: 1 }))).map((e) =>
      e.id
    );
    assert.deepEqual(ids, [2, 3]);
  });
});

Deno.test("a signal ends a feed without an error, and the server lets go of it", async () => {
  await withServer(async ({ api, client }) => {
    await client.jobs.submit.mutate(hostnameJob);
    const controller = new AbortController();
    const events = jobEvents(client, {}, { signal: controller.signal });
    assert.equal((await events.next()).value?.fact.type, "accepted");
    const end = events.next();
    controller.abort();
    assert.equal((await end).done, true);
    while (api.openFeeds > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  });
});

Deno.test("leaving the loop lets go of the feed", async () => {
  await withServer(async ({ api, client }) => {
    await client.jobs.submit.mutate(hostnameJob);
    for await (const _ of jobEvents(client)) break;
    while (api.openFeeds > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  });
});

Deno.test("a feed of an unknown job ends with the server's error, at once", async () => {
  await withServer(async ({ client }) => {
    const jobId = "0190a0e0-0000-7000-8000-000000000000";
    const reconnects: unknown[] = [];
    await assert.rejects(
      collect(jobEvents(client, { jobId }, { onReconnect: (error) => reconnects.push(error) })),
      (error) =>
        error instanceof TRPCClientError && clientErrorInfo(error).code === "JOB_NOT_FOUND",
    );
    assert.deepEqual(reconnects, []);
  });
});

Deno.test("a feed with a wrong token ends with a typed error", async () => {
  await withServer(async ({ server }) => {
    const stranger = createSluiceClient({ url: server.url, token: "another token altogether" });
    await assert.rejects(
      collect(jobEvents(stranger)),
      (error) => clientErrorInfo(error).code === "UNAUTHORIZED",
    );
  });
});

Deno.test("a defect in a feed is told and not tried again without end", async () => {
  await withServer(async ({ api, client }) => {
    await client.jobs.submit.mutate(hostnameJob);
    api.feedFailure = new RangeError("boom");
    await assert.rejects(
      collect(jobEvents(client)),
      (error) => clientErrorInfo(error).code === "UNEXPECTED",
    );
  });
});

Deno.test("a feed that breaks on what may pass goes on where it broke", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    api.feedFailure = new SluiceError({
      code: "LINK_LOST",
      message: "The line is cut.",
      next: "Wait.",
      retryable: true,
    });
    const onReconnect = () => {
      api.feedFailure = undefined;
      api.end(job.id);
    };
    const events = await collect(jobEvents(client, { jobId: job.id }, { onReconnect }));
    assert.deepEqual(events.map(({ id }) => id), [1, 2]);
  });
});

Deno.test("one that fell behind is told so, and goes on after the last event that it has", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    api.record(job.id, running);
    api.feedFailure = new SubscriberBehindError("it took nothing for 30 s");
    const told: string[] = [];
    const onReconnect = (error: unknown) => {
      told.push(clientErrorInfo(error).code);
      api.feedFailure = undefined;
      api.end(job.id);
    };
    const events = await collect(jobEvents(client, { jobId: job.id }, { onReconnect }));
    assert.deepEqual(events.map(({ id }) => id), [1, 2, 3]);
    assert.deepEqual(told, ["SUBSCRIBER_BEHIND"]);
  });
});

Deno.test("events over a line that is cut again and again arrive once and in order", async () => {
  await withServer(async ({ api, client, server }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    for (let index = 0; index < 200; index++) api.record(job.id, running);
    api.end(job.id);
    await using proxy = startProxy({
      target: { host: "127.0.0.1", port: portOf(server.url) },
      cutAfterBytes: { down: 9_000 },
    });
    const cut = createSluiceClient({ url: `http://127.0.0.1:${proxy.port}`, token: testToken });
    const events = await collect(jobEvents(cut, { jobId: job.id }));
    assert.deepEqual(events.map(({ id }) => id), Array.from({ length: 202 }, (_, i) => i + 1));
    assert.deepEqual(events.map(({ index }) => index), events.map(({ id }) => id));
    assert.ok(proxy.accepted > 3, `${proxy.accepted} connections`);
  });
});

Deno.test("output over a line that is cut again and again arrives to the byte", async () => {
  await withServer(async ({ api, client, server }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    const output = everyByte(600_000);
    api.print(job.id, output);
    api.end(job.id);
    await using proxy = startProxy({
      target: { host: "127.0.0.1", port: portOf(server.url) },
      cutAfterBytes: { down: 150_000 },
    });
    const cut = createSluiceClient({ url: `http://127.0.0.1:${proxy.port}`, token: testToken });
    const chunks = await collect(jobLogs(cut, { jobId: job.id }));
    assert.deepEqual(joined(chunks), output);
    let offset = 0;
    for (const chunk of chunks) {
      assert.equal(chunk.offset, offset);
      offset += chunk.bytes.length;
    }
    assert.ok(proxy.accepted > 3, `${proxy.accepted} connections`);
  });
});

Deno.test("a file that a job has made arrives to the byte over a line that is cut, from an offset", async () => {
  await withServer(async ({ api, client, server }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    api.outputBytes = everyByte(600_000);
    await using proxy = startProxy({
      target: { host: "127.0.0.1", port: portOf(server.url) },
      cutAfterBytes: { down: 150_000 },
    });
    const cut = createSluiceClient({ url: `http://127.0.0.1:${proxy.port}`, token: testToken });
    const request = { jobId: job.id, name: "model", offset: 7 };
    const chunks = await collect(jobOutput(cut, request));
    assert.deepEqual(joined(chunks), api.outputBytes.subarray(7));
    assert.ok(proxy.accepted > 3, `${proxy.accepted} connections`);
    api.entries = [{ kind: "symlink", path: "a", target: "/b" }];
    const name = { jobId: job.id, name: "model" };
    assert.deepEqual(await client.jobs.outputEntries.query(name), api.entries);
  });
});

Deno.test("output is read from an offset, of either stream, while it is written", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    api.print(job.id, new Uint8Array([1, 2, 3]), "stderr");
    const chunks: number[] = [];
    for await (
      const { offset, bytes } of jobLogs(client, { jobId: job.id, stream: "stderr", offset: 1 })
    ) {
      chunks.push(offset, ...bytes);
      if (offset === 1) {
        api.print(job.id, new Uint8Array([4]), "stderr");
        api.end(job.id);
      }
    }
    assert.deepEqual(chunks, [1, 2, 3, 3, 4]);
  });
});

Deno.test("without follow the output ends where it stands", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    api.print(job.id, new Uint8Array([7]));
    const chunks = await collect(jobLogs(client, { jobId: job.id, follow: false }));
    assert.deepEqual([...joined(chunks)], [7]);
  });
});

Deno.test("output with a hole in it is refused rather than joined", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    Object.assign(api.jobs, {
      logs: async function* () {
        yield await Promise.resolve({ offset: 5, bytes: new Uint8Array([1]) });
      },
    });
    await assert.rejects(
      collect(jobLogs(client, { jobId: job.id })),
      (error) => error instanceof LogGapError && clientErrorInfo(error).code === "LOG_GAP",
    );
  });
});

Deno.test("a feed and a log go on when the server is started anew", async () => {
  const api = new FakeSluice();
  const port = lastingPort();
  const first = serve(api, { token: testToken, port });
  const client = createSluiceClient({ url: first.url, token: testToken });
  const job = await client.jobs.submit.mutate(hostnameJob);
  api.print(job.id, new Uint8Array([1, 2]));

  const arrived = Promise.withResolvers<void>();
  const events = (async () => {
    const ids: number[] = [];
    for await (const { id } of jobEvents(client, { jobId: job.id })) {
      ids.push(id);
      arrived.resolve();
    }
    return ids;
  })();
  const printed = Promise.withResolvers<void>();
  const output = (async () => {
    const bytes: number[] = [];
    for await (const chunk of jobLogs(client, { jobId: job.id })) {
      bytes.push(...chunk.bytes);
      printed.resolve();
    }
    return bytes;
  })();
  await Promise.all([arrived.promise, printed.promise]);
  await first.shutdown();
  api.record(job.id, running);
  api.print(job.id, new Uint8Array([3]));
  await using _second = serve(api, { token: testToken, port });
  api.end(job.id);
  assert.deepEqual(await events, [1, 2, 3]);
  assert.deepEqual(await output, [1, 2, 3]);
});

Deno.test("a reader slower than the feed gets every event once", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    for (let index = 0; index < 1_500; index++) api.record(job.id, running);
    api.end(job.id);
    const ids: number[] = [];
    for await (const { id } of jobEvents(client, { jobId: job.id })) {
      ids.push(id);
      if (ids.length % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.deepEqual(ids, Array.from({ length: 1_502 }, (_, index) => index + 1));
  });
});

Deno.test("a client that sets lastEventId itself, as one that subscribes anew, goes on after it", async () => {
  await withServer(async ({ api, client, server }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    api.record(job.id, running);
    api.end(job.id);
    const read = async (input: object, headers: Record<string, string> = {}) => {
      const query = encodeURIComponent(JSON.stringify({ jobId: job.id, ...input }));
      const response = await fetch(`${server.url}/rpc/jobs.events?input=${query}`, {
        headers: { authorization: `Bearer ${testToken}`, ...headers },
      });
      return [...(await response.text()).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    };
    assert.deepEqual(await read({}), [1, 2, 3]);
    assert.deepEqual(await read({ lastEventId: "1" }), [2, 3]);
    assert.deepEqual(await read({ after: 2, lastEventId: "1" }), [3]);
    assert.deepEqual(await read({ after: 1 }, { "last-event-id": "2" }), [3]);
  });
});

Deno.test("the client in the process has the same calls, feeds and errors", async () => {
  const api = new FakeSluice();
  const client = createInProcessClient(api);
  const job = await client.jobs.submit.mutate(hostnameJob);
  api.print(job.id, new Uint8Array([1, 255]));
  api.end(job.id, 3);
  const events: JobEvent[] = await collect(jobEvents(client, { jobId: job.id }));
  assert.deepEqual(events.map(({ fact }) => fact.type), ["accepted", "ended"]);
  assert.deepEqual([...joined(await collect(jobLogs(client, { jobId: job.id })))], [1, 255]);
  assert.equal((await client.jobs.result.query({ id: job.id })).exitCode, 3);
  await assert.rejects(
    client.jobs.get.query({ id: "0190a0e0-0000-7000-8000-000000000000" }),
    (error) => clientErrorInfo(error).code === "JOB_NOT_FOUND",
  );
  api.feedFailure = new RangeError("boom");
  await assert.rejects(
    collect(jobEvents(client)),
    (error) => clientErrorInfo(error).code === "UNEXPECTED",
  );
});

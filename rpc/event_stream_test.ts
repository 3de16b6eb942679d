import assert from "node:assert/strict";
import { z } from "zod";
import { tracked } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { VirtualClock } from "../actors/kernel/mod.ts";
import type { JobFact } from "../model/mod.ts";
import { SluiceError } from "../model/mod.ts";
import { eventStream, stalledMs } from "./event_stream.ts";
import { feedSchema } from "./feed.ts";
import { beatMs, Heartbeat } from "./heartbeat.ts";
import { jobEvents } from "./job_feeds.ts";
import { appRouter } from "./router.ts";
import { encodeEvent } from "./shared_events.ts";
import { serve } from "./server.ts";
import { FakeSluice } from "./testing/fake_sluice.ts";
import { hostnameJob } from "./testing/job_spec.ts";
import { testToken, withServer } from "./testing/with_server.ts";

const running = {
  type: "running" as const,
  state: "RUNNING",
  nodes: ["n1"],
  restarts: 0,
} satisfies JobFact;

/** The stream of a feed, with a clock of its own. */
function scene(feed: AsyncIterable<unknown>) {
  const clock = new VirtualClock();
  let ends = 0;
  let gone = 0;
  const stream = eventStream(feed, {
    heartbeat: new Heartbeat(clock),
    onEnd: () => ends++,
    onGone: () => gone++,
    errorShape: (error) => ({ code: error instanceof SluiceError ? error.code : "?" }),
  });
  return { clock, stream, ends: () => ends, gone: () => gone };
}

/** So many events, with the number of those that were asked for. */
function numbered(count: number) {
  const feed = { asked: 0, closed: false, [Symbol.asyncIterator]: events };
  async function* events() {
    try {
      while (feed.asked < count) yield await Promise.resolve(tracked(`${feed.asked++}`, {}));
    } finally {
      feed.closed = true;
    }
  }
  return feed;
}

/** Reads a stream piece by piece. */
function pieces(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  return { next, cancel: () => reader.cancel() };
}

Deno.test("a silent feed gives a sign of life at every beat, a busy one none", async () => {
  const { readable, writable } = new TransformStream<unknown, unknown>();
  const input = writable.getWriter();
  const { clock, stream, ends } = scene(readable);
  const { next } = pieces(stream);
  assert.equal(await next(), 'event: connected\ndata: {"reconnectAfterInactivityMs":20000}\n\n');
  await clock.advance(2 * beatMs);
  assert.equal(await next(), "event: ping\ndata: \n\n");
  await input.write(tracked("7", { a: 1 }));
  assert.equal(await next(), 'data: {"a":1}\nid: 7\n\n');
  await clock.advance(beatMs);
  await input.write(tracked("8", {}));
  assert.equal(await next(), "data: {}\nid: 8\n\n");
  await input.close();
  assert.equal(await next(), "event: return\ndata: \n\n");
  assert.equal(await next(), "");
  assert.equal(ends(), 1);
});

Deno.test("one that takes nothing is told so as the last thing it reads, and its feed is let go of", async () => {
  const feed = numbered(100);
  const { clock, stream, ends, gone } = scene(feed);
  const { next } = pieces(stream);
  await next();
  assert.equal(await next(), "data: {}\nid: 0\n\n");
  await clock.advance(stalledMs);
  assert.deepEqual([ends(), feed.closed], [0, false]);
  await clock.advance(beatMs);
  assert.deepEqual([ends(), feed.closed, feed.asked], [1, true, 2]);
  assert.equal(await next(), "data: {}\nid: 1\n\n");
  assert.equal(gone(), 0);
  assert.equal(await next(), 'event: serialized-error\ndata: {"code":"SUBSCRIBER_BEHIND"}\n\n');
  assert.equal(await next(), "");
  assert.deepEqual([ends(), gone()], [1, 1]);
});

Deno.test("one that takes something now and then is not given up", async () => {
  const feed = numbered(100);
  const { clock, stream, ends } = scene(feed);
  const { next, cancel } = pieces(stream);
  await next();
  for (let id = 0; id < 4; id++) {
    await clock.advance(stalledMs);
    assert.equal(await next(), `data: {}\nid: ${id}\n\n`);
  }
  assert.equal(ends(), 0);
  await cancel();
  assert.equal(ends(), 1);
});

Deno.test("a subscriber that leaves is let go of, and nobody keeps the time any more", async () => {
  const feed = numbered(100);
  const { clock, stream, ends, gone } = scene(feed);
  const { next, cancel } = pieces(stream);
  await next();
  await next();
  await cancel();
  await clock.advance(2 * stalledMs);
  assert.deepEqual([ends(), gone(), feed.closed], [1, 1, true]);
});

Deno.test("what is the same for all is checked and written once", async () => {
  let checks = 0;
  const event = z.object({ n: z.number() }).transform((value) => (checks++, value));
  const read = async (sameForAll: boolean, items: readonly { n: number }[]) => {
    const schema = feedSchema(event, { sameForAll });
    const bytes: Uint8Array[] = [];
    for (let subscriber = 0; subscriber < 3; subscriber++) {
      const source = ReadableStream.from(items.map((item) => tracked(`${item.n}`, item)));
      for await (const envelope of schema.parse(source)) bytes.push(encodeEvent(envelope));
    }
    return bytes;
  };
  const [first, second, third] = await read(true, [{ n: 1 }]);
  assert.equal(checks, 1);
  assert.ok(first === second && second === third && first !== undefined);
  assert.equal(new TextDecoder().decode(first), 'data: {"n":1}\nid: 1\n\n');
  assert.equal((await read(false, [{ n: 1 }])).length, 3);
  assert.equal(checks, 4);
  await assert.rejects(
    read(true, [{ n: 1 }, { n: Number("no") }]),
    (error) => error instanceof z.ZodError,
  );
});

Deno.test("feeds read the same as from tRPC's own producer, with their errors", async () => {
  await withServer(async ({ api, server }) => {
    const job = await api.jobs.submit(hostnameJob);
    api.record(job.id, running);
    api.end(job.id);
    const context = {
      api,
      closing: new AbortController().signal,
      reconnects: true,
      left: () => new AbortController().signal,
    };
    const unknown = "0190a0e0-0000-7000-8000-000000000000";
    for (
      const [query, headers] of [
        [{ jobId: job.id }, {}],
        [{ jobId: job.id, after: 1 }, { "last-event-id": "2" }],
        [{ jobId: unknown }, {}],
        [{ jobId: 7 }, {}],
      ] as const
    ) {
      const url = `${server.url}/rpc/jobs.events?input=${
        encodeURIComponent(JSON.stringify(query))
      }`;
      const init = { headers: { authorization: `Bearer ${testToken}`, ...headers } };
      const ours = await fetch(url, init);
      const theirs = await fetchRequestHandler({
        endpoint: "/rpc",
        req: new Request(url, init),
        router: appRouter,
        createContext: () => context,
      });
      const blocks = async (response: Response) => (await response.text()).split(/\n\n+/);
      assert.deepEqual(await blocks(ours), await blocks(theirs), JSON.stringify(query));
      assert.equal(ours.headers.get("content-type"), theirs.headers.get("content-type"));
    }
  });
});

/** A job with 50 MB of history: more than the system buffers for a socket. */
async function longHistory(api: FakeSluice) {
  const job = await api.jobs.submit(hostnameJob);
  const nodes = Array.from({ length: 2_000 }, (_, index) => `node-with-a-name-${index}`);
  for (let count = 0; count < 1_000; count++) api.record(job.id, { ...running, nodes });
  api.end(job.id);
  return { job, last: 1_002 };
}

/** Asks for the events of a job over a socket that nobody reads. */
async function askRaw(url: string, jobId: string): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  const request = [
    `GET /rpc/jobs.events?input=${encodeURIComponent(JSON.stringify({ jobId }))} HTTP/1.1`,
    "host: 127.0.0.1",
    "connection: close",
    `authorization: Bearer ${testToken}`,
  ];
  await connection.write(new TextEncoder().encode(`${request.join("\r\n")}\r\n\r\n`));
  return connection;
}

/** Reads the events of a raw answer until it ends: their ids, and the code of the error at its end. */
async function readRaw(connection: Deno.TcpConn) {
  const response = await new Response(connection.readable).text();
  return {
    ids: [...response.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
    code: /serialized-error[^]*?"code":"([A-Z_]+)"/.exec(response)?.[1],
  };
}

Deno.test("a subscriber that stops reading holds up nobody, costs little, and loses nothing", async () => {
  const clock = new VirtualClock();
  await withServer(async ({ api, client, server }) => {
    const { job, last } = await longHistory(api);
    const { events } = api.jobs;
    let given = 0;
    Object.assign(api.jobs, {
      events: async function* (...asked: Parameters<typeof events>) {
        for await (const event of events(...asked)) {
          given++;
          yield event;
        }
      },
    });

    const connection = await askRaw(server.url, job.id);
    while (given === 0) await new Promise((resolve) => setTimeout(resolve, 1));

    const whole: number[] = [];
    for await (const { id } of jobEvents(client, { jobId: job.id })) whole.push(id);
    assert.deepEqual(whole, Array.from({ length: last }, (_, index) => index + 1));

    while (api.openFeeds > 0) await clock.advance(beatMs);
    const toTheSilent = given - last;
    assert.ok(toTheSilent < last / 2, `${toTheSilent} of ${last} events, 50 MB in all`);

    const { ids, code } = await readRaw(connection);
    assert.equal(code, "SUBSCRIBER_BEHIND");
    assert.ok(ids.length > 0 && ids.length <= toTheSilent);
    assert.deepEqual(ids, whole.slice(0, ids.length));

    const rest: number[] = [];
    const after = ids.at(-1) ?? 0;
    for await (const { id } of jobEvents(client, { jobId: job.id }, { after })) rest.push(id);
    assert.deepEqual([...ids, ...rest], whole);
  }, { clock });
});

Deno.test("a shutdown cuts a subscriber that does not take the end of its feed", async () => {
  const api = new FakeSluice();
  await using server = serve(api, { token: testToken, port: 0, graceMs: 50 });
  const { job } = await longHistory(api);
  using _connection = await askRaw(server.url, job.id);
  while (api.openFeeds === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await server.shutdown();
  await server.finished;
  assert.equal(api.openFeeds, 0);
});

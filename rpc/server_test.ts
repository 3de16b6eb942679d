import assert from "node:assert/strict";
import { TRPCClientError } from "@trpc/client";
import { SluiceError } from "../model/mod.ts";
import { clientErrorInfo, createSluiceClient } from "./client.ts";
import { RemoteBindError, WeakTokenError } from "./errors.ts";
import { serve } from "./server.ts";
import { FakeSluice } from "./testing/fake_sluice.ts";
import { hostnameJob } from "./testing/job_spec.ts";
import { lastingPort } from "./testing/lasting_port.ts";
import { testToken, withServer } from "./testing/with_server.ts";

async function failure(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof TRPCClientError);
    return { error, info: clientErrorInfo(error) };
  }
  assert.fail("the call succeeded");
}

const bearer = { authorization: `Bearer ${testToken}` };

Deno.test("a job goes to the server and back with its types", async () => {
  await withServer(async ({ client }) => {
    const job = await client.jobs.submit.mutate({ ...hostnameJob, name: "first" });
    assert.equal(job.phase, "accepted");
    const known = await client.jobs.get.query({ id: job.id });
    assert.equal(known.spec.name, "first");
    assert.deepEqual((await client.jobs.list.query({})).jobs.map(({ id }) => id), [job.id]);
    const many = await client.jobs.submitMany.mutate({ jobs: [hostnameJob, hostnameJob] });
    assert.equal(new Set(many.map(({ id }) => id)).size, 2);
    const [later] = await client.jobs.submitMany.mutate({
      jobs: [hostnameJob],
      defaults: { time: 5 },
    });
    assert.ok(later);
    assert.deepEqual((await client.jobs.get.query({ id: later.id })).spec.defaults, { time: 5 });
    const preview = await client.jobs.preview.query({ ...hostnameJob, name: "first" });
    assert.equal(preview.commandLine, "sbatch --job-name=first");
    assert.equal((await client.jobs.cancel.mutate({ id: job.id })).accepted, true);
    assert.equal((await client.jobs.result.query({ id: job.id })).phase, "cancelled");
    assert.equal((await client.jobs.metrics.query({ id: job.id })).source, "none");
  });
});

Deno.test("clusters and the system answer", async () => {
  await withServer(async ({ client }) => {
    const [cluster] = await client.clusters.list.query();
    assert.equal(cluster?.name, "dev");
    assert.equal((await client.clusters.get.query({ name: "dev" })).link.status, "up");
    assert.equal((await client.clusters.probe.mutate({ name: "dev" })).accounting, true);
    assert.equal((await client.system.health.query()).ok, true);
    assert.equal((await client.system.version.query()).deno, Deno.version.deno);
    assert.deepEqual((await client.system.tree.query()).children.map(({ name }) => name), [
      "journal",
    ]);
    assert.deepEqual(await client.system.deadLetters.query(), []);
    assert.deepEqual(await client.system.metrics.query(), { jobs: 0 });
  });
});

Deno.test("3,000 calls of one tick are answered, in batches that servers take", async () => {
  await withServer(async ({ client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    const answers = await Promise.all(
      Array.from({ length: 3_000 }, () => client.jobs.get.query({ id: job.id })),
    );
    assert.ok(answers.every(({ id }) => id === job.id));
    const jobs = await Promise.all(
      Array.from({ length: 300 }, () => client.jobs.submit.mutate(hostnameJob)),
    );
    assert.equal(new Set(jobs.map(({ id }) => id)).size, 300);
  });
});

Deno.test("a batch larger than the server takes is refused with a typed error", async () => {
  await withServer(async ({ server }) => {
    const paths = Array.from({ length: 11 }, () => "system.version").join(",");
    const response = await fetch(`${server.url}/rpc/${paths}?batch=1`, { headers: bearer });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /"code":"INVALID_CALL"/);
  }, { maxBatch: 10 });
});

Deno.test("a call that waits does not hold up the others of its tick", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    const waiting = client.jobs.wait.query({ id: job.id });
    assert.equal((await client.jobs.get.query({ id: job.id })).phase, "accepted");
    api.end(job.id);
    assert.equal((await waiting).phase, "succeeded");
  });
});

Deno.test("a wait with a time limit returns the job as it stands", async () => {
  await withServer(async ({ client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    const waited = await client.jobs.wait.query({ id: job.id, timeoutMs: 0 });
    assert.equal(waited.phase, "accepted");
  });
});

Deno.test("a client that leaves while it waits is let go of", async () => {
  await withServer(async ({ api, client }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    const controller = new AbortController();
    const waiting = failure(client.jobs.wait.query({ id: job.id }, { signal: controller.signal }));
    while (api.openWaits === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort();
    await waiting;
    while (api.openWaits > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  });
});

Deno.test("an answer that was delivered aborts nothing", async () => {
  await withServer(async ({ api, client, server }) => {
    const job = await client.jobs.submit.mutate(hostnameJob);
    const { wait } = api.jobs;
    const signals: (AbortSignal | undefined)[] = [];
    const watched: typeof wait = (id, options) => {
      signals.push(options?.signal);
      return wait(id, options);
    };
    Object.assign(api.jobs, { wait: watched });
    await client.jobs.wait.query({ id: job.id, timeoutMs: 0 });
    // Another round trip, by whose end the first answer has been delivered for long.
    await (await fetch(`${server.url}/healthz`)).text();
    assert.deepEqual(signals.map((signal) => signal?.aborted), [false]);
  });
});

Deno.test("a large job travels alone, past what a batch may hold", async () => {
  await withServer(async ({ client }) => {
    const script = `#!/bin/sh\n# ${"x".repeat(400_000)}\n`;
    const jobs = await Promise.all(
      Array.from(
        { length: 4 },
        () => client.jobs.submit.mutate({ cluster: "dev", payload: { kind: "script", script } }),
      ),
    );
    assert.equal(jobs.length, 4);
  }, { maxBodyBytes: 1_000_000 });
});

Deno.test("an error of Sluice keeps its code, its next step and its HTTP status", async () => {
  await withServer(async ({ client }) => {
    const id = "0190a0e0-0000-7000-8000-000000000000";
    const { error, info } = await failure(client.jobs.get.query({ id }));
    assert.deepEqual(info, {
      code: "JOB_NOT_FOUND",
      message: `There is no job ${id}.`,
      next: "List the jobs with jobs.list.",
      retryable: false,
    });
    assert.equal(error.data.httpStatus, 404);
    assert.equal(error.data.trpcCode, "NOT_FOUND");
    assert.equal(error.data.path, "jobs.get");
    assert.equal("stack" in error.data, false);
  });
});

Deno.test("an error that may pass says so", async () => {
  await withServer(async ({ api, client }) => {
    api.failure = new SluiceError({
      code: "LINK_LOST",
      message: "The line is cut.",
      next: "Wait.",
      retryable: true,
    });
    const { error, info } = await failure(client.clusters.list.query());
    assert.equal(info.retryable, true);
    assert.equal(error.data.httpStatus, 503);
  });
});

Deno.test("an error that nobody foresaw is told as a defect, without a stack", async () => {
  await withServer(async ({ api, client }) => {
    api.failure = new RangeError("boom");
    const { error, info } = await failure(client.clusters.list.query());
    assert.equal(info.code, "UNEXPECTED");
    assert.equal(info.message, "RangeError: boom");
    assert.equal(error.data.httpStatus, 500);
    assert.doesNotMatch(JSON.stringify(error.shape), /fake_sluice/);
  });
});

Deno.test("wrong input is told field by field and reaches nobody", async () => {
  await withServer(async ({ api, client }) => {
    const { error, info } = await failure(client.jobs.submit.mutate({
      ...hostnameJob,
      name: "two\nlines",
      resources: { nodes: 0 },
      environment: { "A-B": "x" },
    }));
    assert.equal(info.code, "INVALID_INPUT");
    assert.equal(error.data.httpStatus, 400);
    assert.match(info.message, /^name: a job name must be valid Unicode on one line.*; /);
    assert.match(info.message, /environment\.A-B: a variable's name/);
    assert.match(info.message, /resources\.nodes: /);
    assert.deepEqual(await api.jobs.list({ limit: 10 }), { jobs: [] });
  });
});

Deno.test("a procedure that does not exist is named", async () => {
  await withServer(async ({ server }) => {
    const response = await fetch(`${server.url}/rpc/jobs.frobnicate`, { headers: bearer });
    assert.equal(response.status, 404);
    const { error } = await response.json();
    assert.equal(error.data.code, "PROCEDURE_NOT_FOUND");
    assert.match(error.message, /jobs\.frobnicate/);
  });
});

Deno.test("without the token every call is refused with a typed error", async () => {
  await withServer(async ({ server }) => {
    const stranger = createSluiceClient({ url: server.url, token: "0123456789abcdeX" });
    for (
      const call of [
        () => stranger.jobs.submit.mutate(hostnameJob),
        () => stranger.system.version.query(),
        () => stranger.jobs.wait.query({ id: "0190a0e0-0000-7000-8000-000000000000" }),
      ]
    ) {
      const { error, info } = await failure(call());
      assert.equal(info.code, "UNAUTHORIZED");
      assert.equal(error.data.httpStatus, 401);
    }
    for (const path of ["/", "/rpc", "/rpc/system.version", "/rpc/jobs.events", "/anything"]) {
      const response = await fetch(`${server.url}${path}`);
      assert.equal(response.status, 401, path);
      await response.body?.cancel();
    }
  });
});

Deno.test("health is told without a token, and nothing more than that", async () => {
  await withServer(async ({ api, server }) => {
    const well = await fetch(`${server.url}/healthz`);
    assert.equal(well.status, 200);
    assert.equal(await well.text(), "ok\n");
    const health = api.system.health;
    Object.assign(api.system, { health: async () => ({ ...await health(), ok: false }) });
    const ill = await fetch(`${server.url}/healthz`);
    assert.equal(ill.status, 503);
    assert.equal(await ill.text(), "not ok\n");
  });
});

Deno.test("a body beyond the limit is refused, also where its length is not told", async () => {
  await withServer(async ({ server }) => {
    const post = (body: BodyInit) =>
      fetch(`${server.url}/rpc/jobs.submit`, {
        method: "POST",
        headers: { ...bearer, "content-type": "application/json" },
        body,
      });
    const streamed = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let part = 0; part < 4; part++) controller.enqueue(new Uint8Array(500).fill(32));
        controller.close();
      },
    });
    for (const body of [" ".repeat(1_001), streamed]) {
      const response = await post(body);
      assert.equal(response.status, 413);
      assert.equal((await response.json()).error.data.code, "BODY_TOO_LARGE");
    }
  }, { maxBodyBytes: 1_000 });
});

Deno.test("every answer has the headers that browsers are protected by", async () => {
  await withServer(async ({ server }) => {
    for (const path of ["/healthz", "/rpc/system.version", "/nothing"]) {
      const { headers, body } = await fetch(`${server.url}${path}`, { headers: bearer });
      await body?.cancel();
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cache-control"), "no-store");
      assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
      assert.equal(headers.get("access-control-allow-origin"), null);
    }
  });
});

Deno.test("a page of an allowed origin may call, and is told so before it does", async () => {
  await withServer(async ({ server }) => {
    const origin = "https://app.example.org";
    const preflight = await fetch(`${server.url}/rpc/jobs.submit`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /authorization/);
    const other = await fetch(`${server.url}/rpc/jobs.submit`, {
      method: "OPTIONS",
      headers: { origin: "https://evil.example.com" },
    });
    assert.equal(other.status, 403);
    assert.equal(other.headers.get("access-control-allow-origin"), null);
    await other.body?.cancel();
  }, { allowedOrigins: ["https://app.example.org"] });
});

Deno.test("listening where others could reach it must be asked for", () => {
  const api = new FakeSluice();
  assert.throws(
    () => serve(api, { token: testToken, hostname: "0.0.0.0", port: 0 }),
    RemoteBindError,
  );
  assert.throws(() => serve(api, { token: "short", port: 0 }), WeakTokenError);
});

Deno.test("an address that is taken gives a typed error", async () => {
  await withServer(({ api, server }) => {
    const port = Number(new URL(server.url).port);
    assert.throws(
      () => serve(api, { token: testToken, port }),
      (error) => error instanceof SluiceError && error.code === "LISTEN_FAILED",
    );
    return Promise.resolve();
  });
});

Deno.test("where no server answers the client says so and that it may pass", async () => {
  const client = createSluiceClient({ url: `http://127.0.0.1:${lastingPort()}`, token: testToken });
  const { info } = await failure(client.system.version.query());
  assert.equal(info.code, "UNREACHABLE");
  assert.equal(info.retryable, true);
});

Deno.test("a shutdown ends open feeds and waits at once and tells new callers to come back", async () => {
  const api = new FakeSluice();
  const server = serve(api, { token: testToken, port: 0, graceMs: 60_000 });
  const client = createSluiceClient({ url: server.url, token: testToken });
  const job = await client.jobs.submit.mutate(hostnameJob);

  const started = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const broken = Array.from({ length: 5 }, () => Promise.withResolvers<string>());
  const feeds = started.map((start, index) =>
    client.jobs.events.subscribe({}, {
      onData: () => start.resolve(),
      onConnectionStateChange: ({ error }) => {
        if (error !== null) broken[index]?.resolve(error.data?.code ?? error.message);
      },
    })
  );
  const waiting = failure(client.jobs.wait.query({ id: job.id }));
  await Promise.all(started.map(({ promise }) => promise));
  while (api.openWaits === 0) await new Promise((resolve) => setTimeout(resolve, 1));

  await server.shutdown();
  assert.equal(api.openFeeds, 0);
  assert.equal(api.openWaits, 0);
  assert.equal((await waiting).info.code, "SERVER_CLOSING");
  assert.equal((await waiting).info.retryable, true);
  assert.deepEqual(
    await Promise.all(broken.map(({ promise }) => promise)),
    Array(5).fill("SERVER_CLOSING"),
  );
  for (const subscription of feeds) subscription.unsubscribe();
  await server.shutdown();
});

Deno.test("a shutdown cuts what does not end in time", async () => {
  const api = new FakeSluice();
  const called = Promise.withResolvers<void>();
  const list = () => {
    called.resolve();
    return new Promise(() => {});
  };
  Object.assign(api.clusters, { list });
  const server = serve(api, { token: testToken, port: 0, graceMs: 50 });
  const client = createSluiceClient({ url: server.url, token: testToken });
  const call = failure(client.clusters.list.query());
  await called.promise;
  await server.shutdown();
  assert.equal((await call).info.retryable, true);
});

Deno.test("a signal shuts the server down", async () => {
  const controller = new AbortController();
  const server = serve(new FakeSluice(), {
    token: testToken,
    port: 0,
    signal: controller.signal,
  });
  controller.abort();
  await server.finished;
});

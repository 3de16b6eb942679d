import assert from "node:assert/strict";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { createSluiceClient } from "./client.ts";
import { appRouter } from "./router.ts";
import { hostnameJob } from "./testing/job_spec.ts";
import { testToken, withServer } from "./testing/with_server.ts";

const unknownId = "0190a0e0-0000-7000-8000-000000000000";

Deno.test("calls are answered as by tRPC's own adapter, right ones and wrong ones", async () => {
  await withServer(async ({ api, server }) => {
    const { id } = await api.jobs.submit(hostnameJob);
    api.end(id);
    const get = (path: string, input?: unknown) =>
      [
        "GET",
        input === undefined
          ? path
          : `${path}${path.includes("?") ? "&" : "?"}input=${
            encodeURIComponent(typeof input === "string" ? input : JSON.stringify(input))
          }`,
      ] as const;
    const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      [
        "POST",
        path,
        typeof body === "string" ? body : JSON.stringify(body),
        { "content-type": "application/json", ...headers },
      ] as const;
    const requests: readonly (readonly [
      method: string,
      path: string,
      body?: string,
      headers?: Record<string, string>,
    ])[] = [
      get("jobs.get", { id }),
      get("system.version"),
      get("jobs.list"),
      post("jobs.get", { id }),
      post("jobs.list", ""),
      post("jobs.cancel", { id }),
      post("jobs.get,jobs.result?batch=1", { 0: { id }, 1: { id } }),
      post("jobs.get,jobs.get?batch=1", { 0: { id }, 1: { id: unknownId } }),
      post("jobs.get,jobs.get?batch=1", { 1: { id: unknownId } }),
      post("system.version,jobs.list?batch=1"),
      get("system.version,jobs.get?batch=1", { 1: { id } }),
      get("jobs.get", { id: unknownId }),
      get("jobs.get", { id: 7 }),
      get("jobs.get", "no JSON"),
      post("jobs.get", "no JSON"),
      post("jobs.get?batch=1", [1]),
      post("jobs.get,jobs.cancel?batch=1", { 0: { id }, 1: { id } }),
      get("jobs.cancel", { id }),
      get("jobs.frobnicate"),
      get("toString"),
      get("jobs.get%2Cjobs.get?batch=1", { 0: { id }, 1: { id } }),
      post("jobs.frobnicate,jobs.get?batch=1", { 1: { id } }),
      post("jobs.events?batch=1", { 0: {} }),
      post("jobs.get", { id }, { "content-type": "text/plain" }),
      post("jobs.get", { id }, { "content-type": "application/json; charset=utf-8" }),
      post("jobs.get?batch=1", { 0: { id } }, { "trpc-accept": "application/jsonl" }),
      ["PUT", "jobs.get", "{}", { "content-type": "application/json" }],
    ];
    for (const [method, path, body, headers] of requests) {
      const url = `${server.url}/rpc/${path}`;
      const init = {
        method,
        headers: { ...headers, authorization: `Bearer ${testToken}` },
        body: body ?? null,
      };
      const ours = await fetch(url, init);
      const theirs = await fetchRequestHandler({
        endpoint: "/rpc",
        req: new Request(url, init),
        router: appRouter,
        createContext: () => ({
          api,
          closing: new AbortController().signal,
          reconnects: true,
          left: () => new AbortController().signal,
        }),
        allowMethodOverride: true,
      });
      const what = `${method} ${path} ${body}`;
      assert.equal(await ours.text(), await theirs.text(), what);
      assert.equal(ours.status, theirs.status, what);
      assert.equal(ours.headers.get("content-type"), theirs.headers.get("content-type"), what);
    }
  });
});

Deno.test("calls of one turn travel together, one without company alone", async () => {
  await withServer(async ({ api, server }) => {
    const { id } = await api.jobs.submit(hostnameJob);
    const sent: string[] = [];
    const client = createSluiceClient({
      url: server.url,
      token: testToken,
      fetch: (input, init) => {
        sent.push(String(input).replace(/^.*\/rpc\//, ""));
        return fetch(input, init);
      },
    });
    await client.jobs.get.query({ id });
    await Promise.all([client.jobs.get.query({ id }), client.system.version.query()]);
    const left = new AbortController();
    const given = client.jobs.get.query({ id }, { signal: left.signal });
    left.abort();
    await assert.rejects(given);
    assert.deepEqual(sent, ["jobs.get", "jobs.get,system.version?batch=1"]);
  });
});

import assert from "node:assert/strict";
import { callTRPCProcedure, getTRPCErrorShape, TRPCError } from "@trpc/server";
import { callProcedure, isCalledDirectly } from "./procedure_call.ts";
import { appRouter } from "./router.ts";
import { FakeSluice } from "./testing/fake_sluice.ts";
import { hostnameJob } from "./testing/job_spec.ts";

const unknownId = "0190a0e0-0000-7000-8000-000000000000";

Deno.test("every query and mutation is called without tRPC's middlewares, and no subscription", () => {
  for (const [group, procedures] of Object.entries(appRouter._def.record)) {
    for (const [name, { _def }] of Object.entries(procedures)) {
      const path = `${group}.${name}`;
      assert.equal(isCalledDirectly(path), _def.type !== "subscription", path);
    }
  }
});

Deno.test("a call has the outcome that it has through tRPC, whether it is right or wrong", async () => {
  const fake = new FakeSluice();
  const { id } = await fake.jobs.submit(hostnameJob);
  fake.end(id);
  const api = {
    clusters: fake.clusters,
    sessions: fake.sessions,
    system: fake.system,
    jobs: {
      ...fake.jobs,
      // What fits no schema, and what is no error.
      preview: () => Promise.resolve(JSON.parse('{"script": 7}')),
      result: () => Promise.reject("gone"),
      metrics: () => Promise.reject(new TypeError("a defect")),
    },
  };
  const { signal } = new AbortController();
  const ctx = { api, closing: signal, reconnects: true, left: () => signal };
  const outcome = async (path: string, type: "query" | "mutation", called: Promise<unknown>) => {
    try {
      return { data: await called };
    } catch (error) {
      assert.ok(error instanceof TRPCError, `${error}`);
      const config = appRouter._def._config;
      return {
        error: getTRPCErrorShape({ config, error, path, type, input: undefined, ctx }),
        code: error.code,
      };
    }
  };
  const calls: readonly (readonly [path: string, type: "query" | "mutation", input?: unknown])[] = [
    ["jobs.get", "query", { id }],
    ["jobs.list", "query"],
    ["system.version", "query"],
    ["jobs.cancel", "mutation", { id }],
    ["jobs.get", "query", { id: unknownId }],
    ["jobs.get", "query", { id: 7 }],
    ["jobs.get", "query"],
    ["jobs.get", "mutation", { id }],
    ["jobs.preview", "query", hostnameJob],
    ["jobs.result", "query", { id }],
    ["jobs.metrics", "query", { id }],
    ["jobs.frobnicate", "query"],
    ["toString", "query"],
  ];
  for (const [path, type, input] of calls) {
    const ours = await outcome(path, type, callProcedure({ path, type, input, ctx }));
    const theirs = await outcome(
      path,
      type,
      callTRPCProcedure({
        router: appRouter,
        path,
        type,
        getRawInput: () => Promise.resolve(input),
        ctx,
        signal: undefined,
        batchIndex: 0,
      }),
    );
    assert.deepEqual(ours, theirs, `${path} ${JSON.stringify(input)}`);
  }
});

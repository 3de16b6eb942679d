/**
 * A server whose connections to the cluster are cut over and over.
 */

import assert from "node:assert/strict";
import { Sluice } from "../../actors/mod.ts";
import { clusterNameSchema } from "../../model/mod.ts";
import type { ClusterFact, ClusterName } from "../../model/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";
import { untilThere } from "./support/gate.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { assertSameBytes, readAll, utf8 } from "./support/output.ts";
import { openFiles } from "./support/ssh.ts";
import { pause, until, within } from "./support/until.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

/** Cuts in all, on as many connections at once. */
const CUTS = 1_000;
const NAMES = ["one", "two", "three", "four"].map((name) => clusterNameSchema.parse(name));

/** Counts the timers that are set and have neither rung nor been cancelled. */
function countTimers(): Disposable & { readonly pending: number } {
  const { setTimeout, clearTimeout } = globalThis;
  const pending = new Set<unknown>();
  const counting = (callback: () => void, ms: number) => {
    const timer = setTimeout(() => {
      pending.delete(timer);
      callback();
    }, ms);
    pending.add(timer);
    return timer;
  };
  const forgetting = (timer: Parameters<typeof clearTimeout>[0]) => {
    pending.delete(timer);
    clearTimeout(timer);
  };
  Object.assign(globalThis, { setTimeout: counting, clearTimeout: forgetting });
  return {
    get pending() {
      return pending.size;
    },
    [Symbol.dispose]: () => void Object.assign(globalThis, { setTimeout, clearTimeout }),
  };
}

/** Timers and files that are open. */
interface Open {
  readonly files: number;
  readonly timers: number;
}

/**
 * What is open while nothing is under way, such as a poll now and then: the least of some looks, or of more where
 * those do not find as little as there was before.
 */
async function openThings(sluice: Sluice, timers: { readonly pending: number }, before?: Open) {
  // What a loss sets off takes five seconds; a wait of the link that was left over could take a minute.
  await pause(6_000);
  let files = Infinity;
  let least = Infinity;
  const enough = () => before === undefined || (files <= before.files && least <= before.timers);
  for (let time = 0; time < 10 || (time < 200 && !enough()); time++) {
    files = Math.min(files, await openFiles());
    least = Math.min(least, timers.pending);
    await pause(70);
  }
  const metrics = await sluice.system.metrics();
  return {
    files,
    timers: least,
    channels: NAMES.map((name) => metrics[`clusters.${name}.openChannels`]),
    deadLetters: sluice.system.deadLetters().length,
  };
}

/** One cluster of the server: waits for what its connection does. */
class Link {
  readonly #events: AsyncIterator<{ readonly fact: ClusterFact }>;

  constructor(sluice: Sluice, cluster: ClusterName) {
    this.#events = sluice.clusters.events({ cluster })[Symbol.asyncIterator]();
  }

  async heard(type: ClusterFact["type"]): Promise<void> {
    for (;;) {
      const { value, done } = await within(type, this.#events.next());
      assert.ok(done !== true);
      if (value.fact.type === type) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#events.return?.();
  }
}

Deno.test({
  name: "a thousand cuts of the connections cost no job anything and leave nothing open",
  ...CUTS_WITHIN_PACKETS,
  fn: async () => {
    using timers = countTimers();
    await using workspace = await Workspace.make();
    const { facts, dataDirectory } = workspace;
    const go = workspace.file("go");
    await using resources = new AsyncDisposableStack();
    const proxies = NAMES.map(() =>
      resources.use(startProxy({ target: { host: facts.host, port: facts.port } }))
    );
    const clusters = Object.fromEntries(
      await Promise.all(proxies.map(async (proxy, index) => {
        const overrides = await knownThroughProxy(workspace, proxy);
        return [NAMES[index], workspace.config(overrides)] as const;
      })),
    );
    const sluice = resources.use(await Sluice.open({ config: { dataDirectory, clusters } }));

    const lanes = await Promise.all(NAMES.map(async (cluster, index) => {
      const link = resources.use(new Link(sluice, cluster));
      const script = `echo before\n${untilThere(go.path)}\necho after\nexit 3`;
      const spec = jobSpec(shellJob(script, { resources: { memory: 50 } }));
      const { id } = await sluice.jobs.submit({ ...spec, cluster });
      await link.heard("link_up");
      await until("a job runs", async () => (await sluice.jobs.get(id)).phase === "running");
      const proxy = proxies[index] ?? assert.fail();
      return { cluster, link, id, proxy };
    }));
    const cut = (times: number) =>
      Promise.all(lanes.map(async ({ cluster, link, proxy }) => {
        for (let time = 0; time < times; time++) {
          proxy.cutAll();
          await link.heard("link_lost");
          await sluice.clusters.resume(cluster);
          await link.heard("link_up");
        }
      }));

    await cut(5);
    const before = await openThings(sluice, timers);
    const start = performance.now();
    await cut(CUTS / lanes.length);
    const seconds = Math.round((performance.now() - start) / 1_000);
    const after = await openThings(sluice, timers, before);
    console.log(`${CUTS} cuts in ${seconds} s`, before, after);

    const accepted = proxies.reduce((sum, proxy) => sum + proxy.accepted, 0);
    assert.ok(accepted > CUTS, `${accepted} connections`);
    assert.deepEqual(proxies.map(({ connections }) => connections), NAMES.map(() => 1));
    assert.ok(after.files <= before.files + 3, `${before.files} files became ${after.files}`);
    assert.ok(after.timers <= before.timers, `${before.timers} timers became ${after.timers}`);
    assert.deepEqual(after.channels, before.channels);

    await Deno.writeTextFile(go.path, "");
    for (const { id } of lanes) {
      const ended = await sluice.jobs.wait(id);
      assert.deepEqual([ended.phase, ended.exitCode], ["failed", 3]);
      const output = await readAll(sluice.jobs.logs({ jobId: id }));
      assertSameBytes(output, utf8("before\nafter\n"), "stdout");
    }
    assert.equal((await workspace.slurmJobs()).length, NAMES.length);
  },
});

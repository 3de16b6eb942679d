/**
 * Submissions whose connection is cut at every point of them.
 */

import assert from "node:assert/strict";
import { Sluice } from "../../actors/mod.ts";
import { clusterNameSchema, isFinal } from "../../model/mod.ts";
import type { ClusterConfig, ClusterName } from "../../model/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { quote } from "../../shell/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import type { Directions, TcpProxy } from "../faults/tcp_proxy.ts";
import { CUTS_WITHIN_PACKETS } from "./support/cuts.ts";
import { Following } from "./support/events.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { until } from "./support/until.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

/** Bytes between two cuts. */
const STEP = 256;
/** Jobs that travel together in each submission. */
const JOBS = 2;
/** Submissions that are cut at the same time. */
const SIDE_BY_SIDE = 12;

/**
 * Makes a directory with an sbatch that takes its time, before or after it has submitted the job, so that
 * Sluice is back after a cut while the submission from before is still under way.
 */
async function slowSbatch(workspace: Workspace, when: "before" | "after"): Promise<string> {
  const { path } = workspace.file(`slow-${when}`);
  const script = when === "before"
    ? 'sleep 2\nexec "$real" "$@"\n'
    : 'answer=$("$real" "$@")\nstatus=$?\nsleep 2\nprintf "%s\\n" "$answer"\nexit "$status"\n';
  const { code, stderr } = await onCluster(["sh"], {
    stdin: [
      `mkdir -p ${quote(path)} && cd ${quote(path)} || exit`,
      `{ printf '#!/bin/sh\nreal=%s\n' "$(command -v sbatch)"; printf %s ${
        quote(script)
      }; } >sbatch`,
      "chmod 755 sbatch",
      "for name in squeue sacct scancel scontrol sinfo; do",
      '  ln -s "$(command -v "$name")" .',
      "done",
      "",
    ].join("\n"),
  });
  assert.equal(code, 0, stderr);
  return path;
}

interface Traffic {
  readonly up: number;
  readonly down: number;
}

/** A Sluice with a number of clusters, each the same one through a proxy of its own. */
class Lanes implements AsyncDisposable {
  private constructor(
    readonly sluice: Sluice,
    readonly lanes: readonly { readonly name: ClusterName; readonly proxy: TcpProxy }[],
  ) {}

  static async open(
    workspace: Workspace,
    count: number,
    slurmPaths: readonly string[] = [],
  ): Promise<Lanes> {
    const { host, port } = workspace.facts;
    const lanes = Array.from({ length: count }, (_, index) => ({
      name: clusterNameSchema.parse(`lane${index}`),
      proxy: startProxy({ target: { host, port } }),
    }));
    const clusters: Record<string, ClusterConfig> = {};
    for (const [index, { name, proxy }] of lanes.entries()) {
      const slurmPath = slurmPaths[index % slurmPaths.length];
      clusters[name] = workspace.config({
        ...await knownThroughProxy(workspace, proxy),
        ...(slurmPath === undefined ? {} : { slurmPath }),
      });
    }
    const dataDirectory = `${workspace.directory}/${crypto.randomUUID()}`;
    return new Lanes(await Sluice.open({ config: { dataDirectory, clusters } }), lanes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sluice.close();
    await Promise.all(this.lanes.map(({ proxy }) => proxy.close()));
  }
}

/** Waits until nothing passes any more: the link is up and what it begins with is done. */
async function quiet(sluice: Sluice, name: ClusterName, proxy: TcpProxy): Promise<Traffic> {
  await until("the link is up", async () => (await sluice.clusters.get(name)).link.status === "up");
  let before = proxy.passed;
  await until("the link is quiet", () => {
    const { up, down } = proxy.passed;
    const same = up === before.up && down === before.down;
    before = { up, down };
    return same;
  }, 100);
  return before;
}

/** Submits marked jobs, each of which appends its mark to the file when it starts. */
function submit(sluice: Sluice, cluster: ClusterName, marks: readonly string[], file: string) {
  return sluice.jobs.submitMany(marks.map((mark) => ({
    ...jobSpec(
      shellJob(`echo ${quote(mark)} >>${quote(file)}`, {
        resources: { memory: 50, cpusPerTask: 1 },
      }),
    ),
    cluster,
  })));
}

/** Bytes that pass while jobs are submitted without a cut, until Slurm's ids have come back. */
async function measure(workspace: Workspace, file: string): Promise<Traffic> {
  await using one = await Lanes.open(workspace, 1);
  const { sluice } = one;
  const [{ name, proxy } = assert.fail()] = one.lanes;
  const before = await quiet(sluice, name, proxy);
  const marks = Array.from({ length: JOBS }, (_, index) => `uncut-${index}`);
  const jobs = await submit(sluice, name, marks, file);
  for (const { id } of jobs) {
    for await (const { fact } of sluice.jobs.events({ jobId: id })) {
      if (fact.type === "submitted") break;
    }
  }
  const { up, down } = proxy.passed;
  for (const { id } of jobs) assert.equal((await sluice.jobs.wait(id)).phase, "succeeded");
  return { up: up - before.up, down: down - before.down };
}

/** One submission with its connection cut, once, after so many more bytes. */
async function cutOnce(
  sluice: Sluice,
  { name, proxy }: Lanes["lanes"][number],
  way: keyof Directions,
  bytes: number,
  file: string,
): Promise<readonly string[]> {
  await quiet(sluice, name, proxy);
  await using link = new Following((signal) =>
    sluice.clusters.events({ cluster: name }, { signal })
  );
  assert.equal(proxy.accepted, 1);
  const marks = Array.from({ length: JOBS }, (_, index) => `${way}-${bytes}-${index}`);
  proxy.setCutAfterBytes({ [way]: proxy.passed[way] + bytes });
  const jobs = await submit(sluice, name, marks, file);
  await link.until((events) => events.some(({ fact }) => fact.type === "link_lost"));
  proxy.setCutAfterBytes({});
  for (const { id } of jobs) {
    const view = await sluice.jobs.wait(id);
    assert.ok(isFinal(view.phase));
    assert.equal(view.phase, "succeeded", JSON.stringify({ marks, view }));
  }
  return marks;
}

/** Fails unless each mark was left exactly once, and no job is in Slurm twice. */
async function judge(
  workspace: Workspace,
  started: string,
  marks: readonly string[],
): Promise<void> {
  assert.deepEqual(started.trim().split("\n").sort(), marks.toSorted());
  // The second copy of a job would leave no mark, since its script finds that the first has begun.
  const comments = await workspace.accountedJobs(marks.length);
  assert.equal(new Set(comments).size, comments.length, "no job is in Slurm twice");
}

Deno.test({
  name: "whatever byte of a submission the connection is cut at, each job starts exactly once",
  ...CUTS_WITHIN_PACKETS,
  fn: async () => {
    await using workspace = await Workspace.make();
    const started = workspace.file("started");
    const traffic = await measure(workspace, started.path);
    assert.ok(traffic.up > 2_000 && traffic.down > 100, JSON.stringify(traffic));
    const ways: readonly (keyof Directions)[] = ["up", "down"];
    const cuts = ways.flatMap((way) =>
      Array.from(
        { length: Math.ceil((traffic[way] ?? 0) / STEP) + 1 },
        (_, index) => ({ way, bytes: index * STEP + 1 }),
      )
    );
    const marks = ["uncut-0", "uncut-1"];
    while (cuts.length > 0) {
      const batch = cuts.splice(0, SIDE_BY_SIDE);
      await using together = await Lanes.open(workspace, batch.length);
      const done = await Promise.all(batch.map(({ way, bytes }, index) =>
        cutOnce(
          together.sluice,
          together.lanes[index] ?? assert.fail(),
          way,
          bytes,
          started.path,
        )
      ));
      marks.push(...done.flat());
      assert.deepEqual(together.sluice.system.deadLetters(), []);
    }
    await judge(workspace, await started.read(), marks);
  },
});

Deno.test(
  "a connection that is cut while sbatch is at work leads to no second job",
  CUTS_WITHIN_PACKETS,
  async () => {
    await using workspace = await Workspace.make();
    const started = workspace.file("started");
    const slow = [await slowSbatch(workspace, "before"), await slowSbatch(workspace, "after")];
    await using together = await Lanes.open(workspace, 6, slow);
    const { sluice } = together;
    const marks = await Promise.all(together.lanes.map(async ({ name, proxy }, lane) => {
      await quiet(sluice, name, proxy);
      const marks = Array.from({ length: JOBS }, (_, index) => `${lane}-${index}`);
      const jobs = await submit(sluice, name, marks, started.path);
      for (const { id } of jobs) {
        await until(
          "sbatch is at work",
          async () =>
            (await workspace.remoteFiles()).some((path) => path.includes(`${id}/sbatch.`)),
        );
      }
      proxy.cutAll();
      for (const { id } of jobs) {
        const view = await sluice.jobs.wait(id);
        assert.equal(view.phase, "succeeded", JSON.stringify(view));
      }
      return marks;
    }));
    await judge(workspace, await started.read(), marks.flat());
  },
);

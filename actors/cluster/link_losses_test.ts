import assert from "node:assert/strict";
import type { TreeNode } from "../kernel/mod.ts";
import { ClusterStage, cut, done } from "../testing/cluster_stage.ts";

const LOSSES = 1_000;

function count(node: TreeNode): number {
  return node.children.reduce((sum, child) => sum + count(child), 1);
}

function mail(node: TreeNode): number {
  return node.children.reduce((sum, child) => sum + mail(child), node.mailbox);
}

/** Counts who listens to any signal, and has not stopped to. */
function countListeners(): Disposable & { readonly open: number } {
  const { prototype } = AbortSignal;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  let open = 0;
  prototype.addEventListener = function (...args: Parameters<typeof addEventListener>) {
    open++;
    return addEventListener.apply(this, args);
  };
  prototype.removeEventListener = function (...args: Parameters<typeof removeEventListener>) {
    open--;
    return removeEventListener.apply(this, args);
  };
  return {
    get open() {
      return open;
    },
    [Symbol.dispose]() {
      Reflect.deleteProperty(prototype, "addEventListener");
      Reflect.deleteProperty(prototype, "removeEventListener");
    },
  };
}

for (const how of ["at once by the user", "after a wait"] as const) {
  Deno.test(`a thousand lost connections, made again ${how}, leave nothing behind`, async () => {
    using listeners = countListeners();
    await using stage = new ClusterStage();
    const jobs = await stage.submit(3);
    await stage.clock.advance(30_000);

    const lose = async (times: number) => {
      for (let time = 0; time < times; time++) {
        const { length } = stage.connections;
        stage.connection.host.cut(cut);
        await stage.clock.settle();
        if (how === "at once by the user") stage.cluster.tell({ type: "resume" });
        while (stage.connections.length === length) await stage.clock.advance(1_000);
        await stage.clock.settle();
        // Cut in the midst of what it does as well as at rest.
        await stage.clock.advance(time % 5 * 700);
      }
      // Long enough for what a loss sets off, and too short for a wait of the link to go unnoticed.
      await stage.clock.advance(6_000);
    };
    const measure = () => {
      const tree = stage.system.tree();
      return {
        timers: stage.clock.pending,
        actors: count(tree),
        mail: mail(tree),
        listeners: listeners.open,
        deadLetters: stage.system.deadLetterCount,
      };
    };
    await lose(10);
    const before = measure();
    await lose(LOSSES);
    assert.deepEqual(measure(), before);

    assert.equal(stage.connections.length, 1 + 10 + LOSSES);
    for (const { host } of stage.connections.slice(0, -1)) {
      assert.ok(host.streams.every(({ closed }) => closed), "the stream of each is closed");
    }
    stage.sighting = done;
    await stage.clock.advance(60_000);
    for (const { id } of jobs) assert.equal(stage.job(id).phase, "succeeded");
    assert.equal(stage.sent.length, 3);
  });
}

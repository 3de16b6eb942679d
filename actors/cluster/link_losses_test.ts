import assert from "node:assert/strict";
import { ClusterStage, cut, done } from "../testing/cluster_stage.ts";
import { countActors, countListeners, countMail } from "../testing/leftovers.ts";

const LOSSES = 1_000;

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
        actors: countActors(tree),
        mail: countMail(tree),
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

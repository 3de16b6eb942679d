import assert from "node:assert/strict";
import { newJobId, schedulerIdSchema, sessionOfAllocation } from "../../model/mod.ts";
import { remoteLayout } from "../layout.ts";
import type { WatchedSession } from "../scheduler.ts";
import { newAttempt } from "../testing/attempts.ts";
import { FakeSession } from "../testing/fake_session.ts";
import { SHELLS } from "../testing/shells.ts";
import {
  allocationArguments,
  closeSessionLine,
  parseAllocations,
  printSessions,
  sessionSightings,
} from "./session_look.ts";

for (const shell of SHELLS) {
  Deno.test(`steps and clusters of a session are counted in its directory (${shell})`, async () => {
    await using session = await FakeSession.create(shell);
    const { directory, id, fake: { root } } = session;
    for (const name of ["inbox", "queue.0", "running"]) {
      await Deno.mkdir(`${directory}/${name}`, { recursive: true });
    }
    const put = async (place: string, name: string, begun = false, files = {}) => {
      await Deno.writeTextFile(`${directory}/${place}/${name}`, "");
      const [attempt = "", task] = name.split("_");
      const own = `${root}/jobs/${attempt.replace(".", "/attempt-")}`;
      await Deno.mkdir(own, { recursive: true });
      const suffix = task === undefined ? "" : `.${Number(task)}`;
      if (begun) await Deno.symlink("12.3", `${own}/begun${suffix}`);
      for (const [file, text] of Object.entries<string>(files)) {
        await Deno.writeTextFile(`${own}/${file}`, text);
      }
    };
    await put("inbox", newAttempt());
    await put("queue.0", newAttempt());
    await put("running", newAttempt());
    await put("running", `${newAttempt(2)}_000000010`, true);
    const ray = newAttempt();
    await put("running", ray, true, {
      cluster: "framework=ray\naddress=n1:6379\ndashboard=n1:8265\n",
    });
    const gone = newAttempt();
    await put("running", gone, true, {
      cluster: "framework=spark\naddress=n2:7077\n",
      exit: "12 0 0 - 1 2\n",
    });
    const sessions: WatchedSession[] = [{ sessionId: id, nodes: [] }];
    const see = async () => {
      const program = printSessions(remoteLayout(root, "here"), [id]);
      const { stdout, stderr } = await session.fake.run(shell, program);
      assert.equal(stderr, "");
      return sessionSightings(sessions, { printed: stdout, allocations: new Map(), nodes: [] })[0];
    };
    assert.deepEqual(await see(), {
      sessionId: id,
      nodes: [],
      waiting: 3,
      running: 2,
      clusters: [{ jobId: ray, framework: "ray", address: "n1:6379", dashboard: "n1:8265" }],
    });
    await Deno.remove(`${directory}/inbox`, { recursive: true });
    await Deno.writeTextFile(`${directory}/inbox`, "asked\n");
    assert.equal((await see())?.closed, "asked");
    assert.equal((await see())?.waiting, 2);
  });

  Deno.test(`a session that is not there is closed without a word (${shell})`, async () => {
    await using session = await FakeSession.create(shell);
    const layout = remoteLayout(session.fake.root, "here");
    const line = closeSessionLine(layout, session.id);
    assert.equal((await session.fake.run(shell, line)).code, 0);
    await Deno.mkdir(session.directory, { recursive: true });
    assert.equal((await session.fake.run(shell, line)).code, 0);
    assert.equal(await session.read(`${session.directory}/close`), "");
  });
}

Deno.test("a node that has failed is not usable, nor one that came back without the session", () => {
  const sessionId = sessionOfAllocation(newJobId());
  const schedulerId = schedulerIdSchema.parse("12");
  const allocations = parseAllocations(
    ["12\x1fRUNNING\x1fn[1-3]\x1f1800000000", "13\x1fPENDING\x1f\x1fN/A", "rubbish"].join("\n"),
  );
  const [seen] = sessionSightings([{ sessionId, nodes: ["n1", "n2", "n4", "n9"], schedulerId }], {
    printed: "",
    allocations,
    nodes: [
      { node: "n1", state: "MIXED", usable: true },
      { node: "n2", state: "DOWN", usable: false },
      { node: "n4", state: "IDLE", usable: true },
    ],
  });
  assert.deepEqual(seen?.nodes.map(({ node, state, usable }) => [node, state, usable]), [
    ["n1", "MIXED", true],
    ["n2", "DOWN", false],
    ["n4", "LOST", false],
  ]);
  assert.equal(seen?.expiresAt, 1_800_000_000_000);
  assert.equal(allocations.get("13")?.expiresAt, undefined);
  assert.equal(allocationArguments(["12", "13"]).includes("--jobs=12,13"), true);
});

Deno.test("an allocation that has lost its agent's node is closed, and the node named, whatever else it has", () => {
  const lines = [
    ["RUNNING", "n2", "n1"],
    ["FAILED", "n2", "n1"],
    ["CANCELLED", "n[2-3]", "n1"],
    ["RUNNING", "n[1-2]", "n1"],
    ["COMPLETED", "n[1-2]", "n1"],
    // Only the nodes that have not completed are listed.
    ["COMPLETING", "n2", "n1"],
    ["PENDING", "", "n/a"],
    ["CANCELLED", "", "n/a"],
  ];
  const sessions: WatchedSession[] = lines.map((_, index) => ({
    sessionId: sessionOfAllocation(newJobId()),
    nodes: ["n2"],
    schedulerId: schedulerIdSchema.parse(String(index + 1)),
  }));
  const seen = sessionSightings(sessions, {
    printed: sessions.map(({ sessionId }) => `session ${sessionId} 1 2 -`).join("\n"),
    allocations: parseAllocations(
      lines.map(([state, nodes, agent], index) =>
        [index + 1, state, nodes, "1800000000", agent].join("\x1f")
      ).join("\n"),
    ),
    nodes: ["n1", "n2"].map((node) => ({ node, state: "IDLE", usable: true })),
  });
  assert.deepEqual(seen.map(({ closed, running }) => [closed, running]), [
    ...Array.from({ length: 3 }, () => ["node_failure", 2]),
    ...Array.from({ length: 5 }, () => [undefined, 2]),
  ]);
  assert.deepEqual(
    seen.map(({ nodes }) => nodes.filter(({ usable }) => !usable).map(({ node }) => node)),
    [["n1"], ["n1"], ["n1"], [], [], [], [], []],
  );
});

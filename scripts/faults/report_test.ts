import assert from "node:assert/strict";
import { isClean, jsonLine, resultTable, totalsLine } from "./report.ts";

const clean = {
  fault: "sshd",
  rounds: 2,
  jobs: 14,
  lost: 0,
  duplicated: 0,
  misjudged: 0,
  eventsMissed: 0,
  eventsRepeated: 0,
};

Deno.test("a result is one line of JSON with its parts in order", () => {
  assert.equal(
    jsonLine(clean),
    '{"fault":"sshd","rounds":2,"jobs":14,"lost":0,"duplicated":0,"misjudged":0,"eventsMissed":0,"eventsRepeated":0}',
  );
});

Deno.test("a result with any wrong is not clean", () => {
  assert.equal(isClean(clean), true);
  for (const wrong of ["lost", "duplicated", "misjudged", "eventsMissed", "eventsRepeated"]) {
    assert.equal(isClean({ ...clean, [wrong]: 1 }), false, wrong);
  }
});

Deno.test("the table has a row for each fault below its head", () => {
  const [head, first, second] = resultTable([clean, { ...clean, fault: "kill-sluice" }]).split(
    "\n",
  );
  assert.match(head ?? "", /^fault +rounds +jobs +lost/);
  assert.match(first ?? "", /^sshd +2 +14 +0/);
  assert.match(second ?? "", /^kill-sluice +2/);
  assert.equal(head?.length, second?.length);
});

Deno.test("the totals tell of crashes where there were any", () => {
  assert.equal(totalsLine({ cuts: 3, kills: 2, crashes: 0 }, 9), "3 cuts, 2 kills, seed 9");
  assert.match(totalsLine({ cuts: 3, kills: 2, crashes: 1 }, 9), /1 ends of the server/);
});

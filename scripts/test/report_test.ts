import assert from "node:assert/strict";
import { judge, readReport } from "./report.ts";

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.049">
    <testsuite name="./leak_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="leaks a timer" classname="./leak_test.ts" time="0.036" line="1" col="6">
            <failure message="Leaks detected">Leaks &lt;skipped/&gt; detected</failure>
        </testcase>
        <testcase name="passes" classname="./leak_test.ts" time="0.000" line="3" col="6">
        </testcase>
        <testcase name="needs &lt;tcsh&gt;" classname="./leak_test.ts" time="0.000" line="4" col="6">
            <skipped/>
        </testcase>
        <testcase name="&lt;failure&gt; in a name" classname="./leak_test.ts" time="0.002" line="5" col="6">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("a report says what passed, what failed and what was ignored", () => {
  assert.deepEqual(readReport(report), {
    passed: 2,
    failed: 1,
    failures: [{
      test: "./leak_test.ts: leaks a timer",
      message: "Leaks <skipped/> detected",
    }],
    ignored: ["needs <tcsh>"],
  });
});

Deno.test("a module that does not load is a failure, though the report knows nothing of it", () => {
  const passing = '<testcase name="a">\n</testcase>';
  const nothingTold = { failures: [], ignored: [] };
  assert.deepEqual(judge(passing, true), { passed: 1, failed: 0, ...nothingTold });
  assert.deepEqual(judge(passing, false), { passed: 1, failed: 1, ...nothingTold });
});

Deno.test("a group that ran no test has failed", () => {
  assert.equal(judge(undefined, true).failed, 1);
  assert.equal(judge("<testsuites></testsuites>", true).failed, 1);
  assert.equal(judge('<testcase name="a"><skipped/></testcase>', true).failed, 1);
});

Deno.test("what the report counts as failed is not counted once more for the exit code", () => {
  assert.equal(judge(report, false).failed, 1);
});

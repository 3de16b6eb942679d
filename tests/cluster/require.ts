/**
 * The test cluster, for the tests that cannot do without.
 *
 * @module
 */

import { readTestbed, TestbedError, type TestbedFacts } from "../../scripts/testbed/mod.ts";

/**
 * The facts of the running test cluster.
 *
 * `deno task test` brings the cluster up before it runs tests that call this; it is for those who run
 * one file alone that the error says how. Nothing is skipped: a test that quietly does not run proves
 * nothing.
 *
 * @throws {TestbedError} With code `TESTBED_DOWN` where there is no test cluster on this machine.
 */
export async function requireTestbed(): Promise<TestbedFacts> {
  const facts = await readTestbed();
  if (facts !== undefined) return facts;
  throw new TestbedError(
    "TESTBED_DOWN",
    "This test needs the test cluster, which is down.",
    "Run `deno task testbed up`, then the test again.",
  );
}

import assert from "node:assert/strict";
import { testbedFactsSchema } from "./facts.ts";
import { testbedFacts } from "./facts_maker.ts";
import { ACCOUNTS, testbedLayout } from "./layout.ts";

const layout = testbedLayout("/srv/bed");

Deno.test("the facts pass their own schema unchanged", () => {
  const facts = testbedFacts(layout, ACCOUNTS, "secret");
  assert.deepEqual(testbedFactsSchema.parse(JSON.parse(JSON.stringify(facts))), facts);
});

Deno.test("the facts leave out the account whose shell is missing", () => {
  const without = ACCOUNTS.filter(({ optional }) => !optional);
  assert.equal(testbedFacts(layout, without, "secret").accounts.csh, undefined);
  assert.equal(testbedFacts(layout, ACCOUNTS, "secret").accounts.csh?.shell, "/bin/tcsh");
});

import assert from "node:assert/strict";
import { InvalidOptionError } from "./errors.ts";
import { resolveOptions, type SpawnOptions } from "./options.ts";

Deno.test("without options the documented defaults hold", () => {
  const { decide, ...rest } = resolveOptions({}, 1_000);
  assert.deepEqual(rest, {
    restart: "permanent",
    capacity: 1_000,
    strategy: "one-for-one",
    restarts: 3,
    withinMs: 5_000,
    backoff: undefined,
    stopDeadlineMs: 5_000,
  });
  assert.equal(decide(new Error("any")), "restart");
});

Deno.test("numbers that make no sense are refused by the name of their option", () => {
  const refused: Record<string, SpawnOptions> = {
    "mailbox.capacity": { mailbox: { capacity: 0 } },
    "supervision.restarts": { supervision: { restarts: -1 } },
    "supervision.withinMs": { supervision: { withinMs: NaN } },
    "stopDeadlineMs": { stopDeadlineMs: -5 },
  };
  for (const [option, options] of Object.entries(refused)) {
    assert.throws(() => resolveOptions(options, 1_000), (error) => {
      assert.ok(error instanceof InvalidOptionError);
      assert.equal(error.option, option);
      assert.match(error.message, new RegExp(option));
      return true;
    });
  }
});

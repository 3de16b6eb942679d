import assert from "node:assert/strict";
import { kernelCases } from "./kernel.ts";

for (const setUp of kernelCases) {
  const { name, ours, limit, peers } = setUp();
  for (const [who, contender] of Object.entries({ ours, limit, ...peers })) {
    Deno.test(`${who} does all the work of the kernel's ${name}`, async () => {
      assert.ok(await contender.run() > 0);
      await contender.close?.();
    });
  }
}

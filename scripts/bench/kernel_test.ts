import assert from "node:assert/strict";
import { kernel } from "./kernel.ts";

for (const setUp of kernel.cases) {
  const { name, ours, limit, peers } = await setUp();
  for (const [who, contender] of Object.entries({ ours, limit, ...peers })) {
    Deno.test(`${who} does all the work of the kernel's ${name}`, async () => {
      assert.ok(await contender.run() > 0);
      await contender.close?.();
    });
  }
}

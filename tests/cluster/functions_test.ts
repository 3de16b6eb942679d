/**
 * Functions as jobs.
 */

import { pythonFunction } from "../../mod.ts";
import { DEV, Workspace } from "./support/workspace.ts";

Deno.test("trial", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ poll: { minSeconds: 0.5, maxSeconds: 1 } });
  await using session = await sluice.sessions.hold({ cluster: DEV, resources: { nodes: 1 } });
  const fn = pythonFunction({ text: "def f(a, b): return a + b\n", name: "f" });
  for (let i = 0; i < 6; i++) {
    const t = performance.now();
    console.log(await sluice.run(fn, [i, 2], { cluster: DEV, session: session.id, resources: { memory: 50 } }));
    console.log(performance.now() - t);
  }
});

import assert from "node:assert/strict";
import { openLocal } from "../hosts/mod.ts";
import { BEGIN_LINK } from "../launchers/mod.ts";
import { attemptId, newJobId } from "../model/mod.ts";
import type { AttemptId } from "../model/mod.ts";
import { giveUp, parseGivenUp } from "./give_up.ts";
import { remoteLayout } from "./layout.ts";
import { schedulerIdSchema } from "../model/mod.ts";
import { SHELLS } from "./testing/shells.ts";

const never = new AbortController().signal;
const schedulerId = schedulerIdSchema.parse("12");

for (const shell of SHELLS) {
  Deno.test(`what has not begun is given up, once and for all, and what has begun is told (${shell})`, async () => {
    const directory = await Deno.makeTempDir({ prefix: "sluice give up " });
    try {
      await using host = await openLocal({ shell: { command: shell, login: false, prelude: "" } });
      const layout = remoteLayout(`${directory}/it's`, "server");
      const place = (id: AttemptId) => {
        const [job, attempt] = id.split(".");
        return `${layout.jobs}/${job}${attempt === undefined ? "" : `/attempt-${attempt}`}`;
      };
      const [waiting, running, second, array, gone] = [
        attemptId(newJobId(), 1),
        attemptId(newJobId(), 1),
        attemptId(newJobId(), 2),
        attemptId(newJobId(), 1),
        attemptId(newJobId(), 1),
      ];
      for (const id of [waiting, running, second, array]) {
        await Deno.mkdir(place(id), { recursive: true });
      }
      await host.run(`ln -s 12 '${place(running).replaceAll("'", "'\\''")}/${BEGIN_LINK}'`);
      await host.run(`ln -s 12 '${place(array).replaceAll("'", "'\\''")}/${BEGIN_LINK}.7'`);
      const watched = [
        ...[waiting, running, second, gone].map((attemptId) => ({ attemptId, schedulerId })),
        { attemptId: array, schedulerId, tasks: [3, 7] },
      ];
      const expected = [
        { attemptId: waiting, begun: false },
        { attemptId: running, begun: true },
        { attemptId: second, begun: false },
        { attemptId: array, task: 3, begun: false },
        { attemptId: array, task: 7, begun: true },
      ];
      // Asked again, it is the same: nobody can take it back.
      for (let time = 0; time < 2; time++) {
        assert.deepEqual(await giveUp(host, layout, watched, never), expected);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test("a line that tells of no link says nothing", () => {
  const id = attemptId(newJobId(), 1);
  assert.deepEqual(parseGivenUp(`${id} - \nnoise\nnobody - 12\n${id} 4 given-up\n`), [
    { attemptId: id, task: 4, begun: false },
  ]);
});

import assert from "node:assert/strict";
import { join } from "node:path";
import type { JobSpecInput } from "../model/mod.ts";
import { isSluiceErrorWith } from "../model/testing/sluice_error.ts";
import { HERE, localSluiceTest } from "./testing/local_sluice.ts";

function shell(script: string, rest: Partial<JobSpecInput>): JobSpecInput {
  return { cluster: HERE, payload: { kind: "command", command: ["sh", "-c", script] }, ...rest };
}

localSluiceTest(
  "a job on this machine has its inputs, and its outputs are fetched",
  async (sluice, directory) => {
    await Deno.writeTextFile(join(directory, "table"), "b\na\n");
    const { id } = await sluice.jobs.submit(
      shell("sort inputs/table >outputs/sorted; mkdir tree; echo one >tree/a", {
        inputs: { table: { file: join(directory, "table") } },
        outputs: { sorted: {}, tree: { kind: "directory", location: "tree" } },
      }),
    );
    const { phase, inputs } = await sluice.jobs.wait(id);
    assert.equal(phase, "succeeded");
    assert.deepEqual(inputs?.map(({ name, bytes }) => [name, bytes]), [["table", 4]]);
    const to = join(directory, "fetched");
    const fetched = await sluice.jobs.fetch(id, { to });
    assert.deepEqual(fetched.map(({ path }) => path), [join(to, "sorted"), join(to, "tree")]);
    assert.equal(await Deno.readTextFile(join(to, "sorted")), "a\nb\n");
    assert.equal(await Deno.readTextFile(join(to, "tree/a")), "one\n");
  },
);

localSluiceTest(
  "the components of a job on this machine have files of their own",
  async (sluice) => {
    const part = (text: string) => ({
      inputs: { word: { text, to: text } },
      outputs: { part: {} },
    });
    const { id } = await sluice.jobs.submit(
      shell("cat zero >outputs/part.0", {
        ...part("zero"),
        components: [{
          payload: { kind: "command", command: ["sh", "-c", "true"] },
          ...part("one"),
        }],
      }),
    );
    assert.equal((await sluice.jobs.wait(id)).phase, "failed");
    const of = async (task: number) =>
      (await sluice.jobs.result(id, { task })).outputs?.map(({ status }) => status);
    assert.deepEqual([await of(0), await of(1)], [["collected"], ["missing"]]);
    const { tasks } = await sluice.jobs.result(id);
    assert.deepEqual(tasks?.map(({ exitCode }) => exitCode), [0, 95]);
  },
);

localSluiceTest(
  "an input that is not there ends the job before anything is submitted",
  async (sluice, directory) => {
    const { id } = await sluice.jobs.submit(
      shell("true", { inputs: { none: { file: join(directory, "none") } } }),
    );
    const { phase, error } = await sluice.jobs.wait(id);
    assert.deepEqual([phase, error?.code], ["failed", "INPUT_UNREADABLE"]);
    await assert.rejects(
      sluice.jobs.submit(shell("true", { inputs: { mine: { text: "", to: "job.sh" } } })),
      isSluiceErrorWith("FILE_PLACE_TAKEN"),
    );
    await assert.rejects(
      sluice.jobs.submit(shell("true", { inputs: { up: { text: "", to: "../up" } } })),
      isSluiceErrorWith("INVALID_INPUT"),
    );
  },
);

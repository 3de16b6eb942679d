import assert from "node:assert/strict";
import { PLATFORMS_PROGRAM } from "./cluster_platforms.ts";
import { collectProgram, lookProgram, placeProgram, unusedProgram } from "./remote_programs.ts";
import { Workshop } from "./testing/workshop.ts";

const sha256 = "0123456789abcdef".repeat(4);

const programs: Readonly<Record<string, string>> = {
  look: lookProgram("/data/it's $(here)", sha256),
  place: placeProgram("~/environments", sha256, ".archive.me"),
  unused: unusedProgram("/data", 3600),
  collect: collectProgram("/data", {
    wanted: [sha256],
    unwanted: [sha256],
    unusedSeconds: 3600,
    retiredSeconds: 300,
  }),
  platforms: PLATFORMS_PROGRAM,
};

Deno.test("shellcheck finds nothing in what is run on the cluster", async (test) => {
  await using workshop = await Workshop.open();
  if (await workshop.shell("command -v shellcheck || :") === "") {
    // Where everything must be tested, a missing shellcheck is a failure.
    assert.equal(Deno.env.get("CI"), undefined, "shellcheck is not installed");
    return void await test.step({ name: "shellcheck is not installed", ignore: true, fn() {} });
  }
  for (const [name, program] of Object.entries(programs)) {
    await workshop.write(`${name}.sh`, `#!/bin/sh\n${program}\n`);
  }
  // Single quotes around '$' are what quoting is for.
  assert.equal(await workshop.shell("shellcheck --exclude=SC2016 *.sh || :"), "");
});

import { checkScripts } from "../shell/testing/shellcheck.ts";
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
  for (const [name, program] of Object.entries(programs)) {
    await workshop.write(`${name}.sh`, `#!/bin/sh\n${program}\n`);
  }
  const files = Object.keys(programs).map((name) => workshop.path(`${name}.sh`));
  // Single quotes around '$' are what quoting is for.
  await checkScripts(test, files, ["SC2016"]);
});

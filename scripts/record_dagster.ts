/**
 * Writes `tests/cluster/testdata/dagster-pipes.json` anew: what Dagster itself makes of the payloads in
 * `tests/cluster/payloads/pipes/`, by which the test of the same payloads as jobs judges what Sluice makes of
 * them. Dagster is too large to be installed for each test.
 *
 * Run it with `deno run -A scripts/record_dagster.ts`. It installs Dagster from PyPI into the user's cache
 * directory, which takes a minute or two, and runs each payload once, in some ten seconds.
 *
 * @module
 */

import { pythonTool, runScript } from "./testbed/mod.ts";

/** The version whose answers are recorded, and that of `dagster-pipes` by which the payloads speak. */
const DAGSTER = "dagster==1.13.29";

const program = new URL("dagster/answers.py", import.meta.url).pathname;
const payloads = new URL("../tests/cluster/payloads/pipes", import.meta.url).pathname;
const target = new URL("../tests/cluster/testdata/dagster-pipes.json", import.meta.url);

const tool = await pythonTool(DAGSTER);
const answers = await runScript(
  "ask Dagster",
  // It writes its own log to standard error.
  '"$1/bin/python" "$2" "$3" 2>/dev/null',
  [tool, program, payloads],
);
await Deno.writeTextFile(target, answers);

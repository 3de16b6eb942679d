/**
 * Breaks things and looks whether anything was lost: `deno task faults [--seed N] [--rounds N]
 * [--fault NAME]… [--json]`.
 *
 * With `--json` each fault is one line, otherwise a row of a table. What goes on, and what was wrong in
 * detail, goes to standard error. The exit code is 1 if anything was wrong.
 *
 * @module
 */

import { asSluiceError } from "../../model/mod.ts";
import { FAULTS } from "./fault_list.ts";
import { parseOptions } from "./options.ts";
import type { FaultResult } from "./report.ts";
import { isClean, jsonLine, resultTable, totalsLine } from "./report.ts";
import { runFaults } from "./run.ts";

/** Where the servers of all runs keep their files. */
const DIRECTORY = ".sluice/faults";

const USAGE = [
  "usage: deno task faults [--seed N] [--rounds N] [--fault NAME]… [--json]",
  "",
  ...FAULTS.map(({ name, about }) => `  ${name.padEnd(18)}${about}`),
].join("\n");

async function main(args: readonly string[]): Promise<number> {
  const anySeed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  const asked = parseOptions(args, FAULTS.map(({ name }) => name), anySeed);
  if (asked.kind === "wrong") {
    console.error(`${asked.text}\n\n${USAGE}`);
    return 2;
  }
  const { options, json } = asked;
  const interrupt = new AbortController();
  Deno.addSignalListener("SIGINT", () => interrupt.abort(new Error("interrupted")));
  Deno.addSignalListener("SIGTERM", () => interrupt.abort(new Error("interrupted")));
  const began = performance.now();
  const progress = (line: string) =>
    console.error(`faults ${((performance.now() - began) / 1000).toFixed(1)}: ${line}`);
  progress(`seed ${options.seed}`);
  const directory = `${Deno.cwd()}/${DIRECTORY}/${crypto.randomUUID()}`;
  await Deno.mkdir(directory, { recursive: true });
  const results: FaultResult[] = [];
  try {
    const totals = await runFaults(options, {
      directory,
      progress,
      signal: interrupt.signal,
      onResult: (result) => {
        results.push(result);
        if (json) console.log(jsonLine(result));
      },
    });
    const line = totalsLine(totals, options.seed);
    if (!json) console.log(`${resultTable(results)}\n${line}`);
    progress(line);
    const clean = totals.crashes === 0 && results.every(isClean);
    // What is there to be looked at stays.
    if (clean) await Deno.remove(directory, { recursive: true });
    else progress(`the server's log is ${directory}/server.log`);
    return clean ? 0 : 1;
  } catch (error) {
    const { message, next } = asSluiceError(error);
    progress(`${message} ${next}`);
    return interrupt.signal.aborted ? 130 : 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));

/**
 * Runs a benchmark: `deno task bench NAME [--json]`. With `--json` each case is one line
 * `{"bench","case","unit","ours","limit","peers":{…}}`, otherwise a row of a table.
 *
 * @module
 */

import type { Benchmark, Result } from "./benchmark.ts";
import { kernel } from "./kernel.ts";
import { measure } from "./measure.ts";
import { recovery } from "./recovery.ts";
import { table } from "./table.ts";

const BENCHMARKS: Readonly<Record<string, Benchmark>> = { kernel, recovery };

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const [name, ...others] = args.filter((arg) => arg !== "--json");
  const benchmark = name === undefined ? undefined : BENCHMARKS[name];
  if (name === undefined || benchmark === undefined || others.length > 0) {
    const known = Object.entries(BENCHMARKS).map(([known, { about }]) => `  ${known}  ${about}`);
    console.error(["usage: deno task bench NAME [--json]", "", ...known].join("\n"));
    return 2;
  }
  const results: Result[] = [];
  for (const setUp of benchmark.cases) {
    const result = await measure(name, await setUp(), benchmark.rounds);
    if (json) console.log(JSON.stringify(result));
    else results.push(result);
  }
  if (!json) console.log(table(results));
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

/**
 * Runs a benchmark: `deno task bench NAME [--json]`. With `--json` each case is one line
 * `{"bench","case","unit","ours","limit","peers":{…}}`, with whatever else was measured of ours beside
 * these, otherwise a row of a table.
 *
 * @module
 */

import { bringUp, layoutFromEnvironment } from "../testbed/mod.ts";
import type { Benchmark, Result } from "./benchmark.ts";
import { kernel } from "./kernel.ts";
import { latency } from "./latency.ts";
import { logs } from "./logs.ts";
import { poll } from "./poll.ts";
import { recovery } from "./recovery.ts";
import { rpc } from "./rpc.ts";
import { scale } from "./scale.ts";
import { session } from "./session.ts";
import { submit } from "./submit.ts";
import { table } from "./table.ts";
import { transfer } from "./transfer.ts";

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  kernel,
  latency,
  logs,
  poll,
  recovery,
  rpc,
  scale,
  session,
  submit,
  transfer,
};

function jsonLine({ figures, better: _, ...result }: Result): string {
  return JSON.stringify({ ...result, ...figures });
}

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const [name, ...others] = args.filter((arg) => arg !== "--json");
  const benchmark = name === undefined ? undefined : BENCHMARKS[name];
  if (name === undefined || benchmark === undefined || others.length > 0) {
    const known = Object.entries(BENCHMARKS)
      .map(([known, { about }]) => `  ${known.padEnd(10)}${about}`);
    console.error(["usage: deno task bench NAME [--json]", "", ...known].join("\n"));
    return 2;
  }
  if (benchmark.onCluster === true) await bringUp(layoutFromEnvironment(), console.error);
  const results: Result[] = [];
  await benchmark.run((row) => {
    const result = { bench: name, ...row };
    results.push(result);
    if (json) console.log(jsonLine(result));
  });
  if (!json) console.log(table(results));
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

import { mkdir, rm } from "node:fs/promises";
import { z } from "zod";
import { throughShell } from "../../shell/mod.ts";
import type { Benchmark, Row } from "./benchmark.ts";
import { rounded } from "./measure.ts";
import { runArray } from "./scale/array.ts";
import { fill } from "./scale/fill.ts";

/** Where the journals lie, from the root of the repository. */
const DIRECTORY = ".sluice/bench/scale";
const SIZES = [1_000, 10_000, 100_000];
/** Tasks of the array, and of the smaller one whose rate shows whether the cost grows with their number. */
const TASKS = 5_000;
const FEW_TASKS = 500;

const figuresSchema = z.object({
  memoryMb: z.number(),
  startMs: z.number(),
  listP50Ms: z.number(),
  listP99Ms: z.number(),
  getP50Ms: z.number(),
  getP99Ms: z.number(),
});

/** What a server of its own says of a journal with so many jobs. */
async function serverOn(path: string, jobs: number): Promise<z.infer<typeof figuresSchema>> {
  const program = import.meta.resolve("./scale/server.ts");
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys=uid"];
  // The benchmarks may start a shell and nothing else; it becomes the server.
  const { code, stdout } = await new Deno.Command("sh", {
    args: throughShell([
      ...[Deno.execPath(), "run", "--no-prompt", "--no-check", "--quiet", ...permissions],
      ...[program, path, `${jobs}`],
    ]),
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`the server with ${jobs} jobs ended with ${code}`);
  return figuresSchema.parse(JSON.parse(new TextDecoder().decode(stdout)));
}

async function journalRow(jobs: number): Promise<Row> {
  const path = `${DIRECTORY}/${jobs}.db`;
  await fill(path, jobs);
  const figures = await serverOn(path, jobs);
  return {
    case: `${jobs}`,
    unit: "ms",
    better: "lower",
    ours: figures.startMs,
    limit: null,
    peers: {},
    figures,
  };
}

async function arrayRow(): Promise<Row> {
  // The first run compiles the code.
  const few = [await runArray(FEW_TASKS), await runArray(FEW_TASKS)];
  const many = await runArray(TASKS);
  return {
    case: `array-${TASKS}`,
    unit: "events/s",
    better: "higher",
    ours: rounded(many.rate),
    limit: null,
    peers: {},
    figures: {
      events: many.events,
      bytesPerEvent: rounded(many.bytesPerEvent),
      [`array-${FEW_TASKS}`]: rounded(few.at(-1)?.rate ?? NaN),
    },
  };
}

/**
 * What many jobs cost:
 * - `1000`, `10000`, `100000`: so many jobs in the journal, a tenth of them live, and a server of its own on it
 *   over idle connections to two clusters. Ours is the time from the start of its process until every live job
 *   has been asked for. Besides: its memory at rest, and how long listings with every kind of filter, page
 *   by page, and single jobs take through the API within the process.
 * - `array-5000`: events per second of one array of so many tasks, from its acceptance to its end, through the
 *   job's actor and a journal on the disk. Beside it the rate of a smaller one.
 */
export const scale: Benchmark = {
  about: "memory, start, list and get with up to 100,000 jobs; an array of 5,000 tasks",
  async run(tell) {
    await rm(DIRECTORY, { recursive: true, force: true });
    await mkdir(DIRECTORY, { recursive: true });
    try {
      for (const jobs of SIZES) tell(await journalRow(jobs));
      tell(await arrayRow());
    } finally {
      await rm(DIRECTORY, { recursive: true });
    }
  },
};

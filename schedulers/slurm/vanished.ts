/**
 * What accounting, and the traces of their own, say of jobs that have left the queue.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import { formatJobId, hasAccounting, parseSacct, sacctArguments } from "../../slurm/mod.ts";
import type { SacctJob, SlurmConfig } from "../../slurm/mod.ts";
import type { SchedulerId } from "../../model/mod.ts";
import { readComponentMarks } from "./component_marks.ts";
import { parseExitRecords, printExitRecords } from "../exit_record.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { RemoteLayout } from "../layout.ts";
import { forAll, slurmLine } from "./command_lines.ts";
import { parseLastWordsFound, printLastWords } from "./last_words.ts";
import { isAccountOf, isRecordOf, wordsOf } from "./present_run.ts";
import type { Run } from "./present_run.ts";
import { needsLastWords } from "./verdict.ts";
import type { Evidence } from "./verdict.ts";

/** Longest time that accounting may take to answer, in seconds. */
const ACCOUNTING_SECONDS = 10;

/** Accounting that took long is left alone for so many times as long. */
const REST_FACTOR = 5;

/** Longest answer of accounting, in ms, after which it is not left alone. */
const PROMPT_MS = 1_000;

const decoder = new TextDecoder();

/** What is known of a job or an array task that has left the queue. */
export type Traces = Pick<Evidence, "accounting" | "record" | "words" | "component"> & {
  /** Whether accounting answered at all. */
  readonly answered: boolean;
};

/** sacct, ended by force when slurmdbd does not answer it. */
export function sacctLine(words: readonly string[]): string {
  return slurmLine(["timeout", "-k", "1", String(ACCOUNTING_SECONDS), ...words]);
}

/** Identifies a job or an array task within one round. */
function key(attemptId: string, task: number | undefined): string {
  return task === undefined ? attemptId : `${attemptId}_${task}`;
}

/** Looks into the ends of jobs that have left the queue, over one connection. */
export class VanishedJobs {
  readonly #host: Host;
  readonly #layout: RemoteLayout;
  readonly #now: () => number;
  #accountingRestsUntil = -Infinity;

  /**
   * Works over the given connection, which stays the caller's.
   *
   * @param now A clock that never goes back, in ms.
   */
  constructor(host: Host, layout: RemoteLayout, now: () => number = () => performance.now()) {
    this.#host = host;
    this.#layout = layout;
    this.#now = now;
  }

  /** What is known of each run, in the order given, by a fixed number of commands. */
  async look(
    runs: readonly Run[],
    config: SlurmConfig,
    signal: AbortSignal,
  ): Promise<readonly Traces[]> {
    if (runs.length === 0) return [];
    const records = await this.#records(runs, signal);
    const marks = await readComponentMarks(
      this.#host,
      this.#layout,
      runs.flatMap(({ attemptId, component }) =>
        component ? [{ attemptId, components: true as const }] : []
      ),
      signal,
    );
    const accounts = await this.#accounts(runs, config, signal);
    const traces = runs.map((run): Traces => {
      const recorded = records.get(key(run.attemptId, run.task));
      const record = recorded !== undefined && isRecordOf(run, recorded) ? recorded : undefined;
      const line = accounts?.get(run.id);
      const accounting = line !== undefined && isAccountOf(run, line, record) ? line : undefined;
      return {
        record,
        accounting,
        answered: accounts !== undefined,
        words: undefined,
        ...(run.component ? { component: marks.of(run) } : {}),
      };
    });
    const silent = runs.filter((_, index) => {
      const trace = traces[index];
      return trace !== undefined && needsLastWords(trace);
    });
    const found = await this.#lastWords(silent, signal);
    return traces.map((trace, index) => {
      const run = runs[index];
      const words = run === undefined ? undefined : found.get(run);
      return run === undefined || words === undefined
        ? trace
        : { ...trace, words: wordsOf(run, words, trace.record) };
    });
  }

  async #records(
    runs: readonly Run[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ExitRecord>> {
    const attempts = [...new Set(runs.map(({ attemptId }) => attemptId))];
    const { stdout } = await this.#host.run(printExitRecords(this.#layout.jobs, attempts), {
      signal,
    });
    const records = parseExitRecords(decoder.decode(stdout));
    return new Map(records.map((record) => [key(record.attemptId, record.task), record]));
  }

  /** The lines of accounting by Slurm's ids; `undefined` where accounting is absent, away, or slow. */
  async #accounts(
    runs: readonly Run[],
    config: SlurmConfig,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, SacctJob> | undefined> {
    const begun = this.#now();
    if (!hasAccounting(config) || begun < this.#accountingRestsUntil) return undefined;
    const ids = [...new Set<SchedulerId>(runs.map(({ schedulerId }) => schedulerId))];
    const lines = forAll(ids, sacctArguments, sacctLine);
    const { exitCode, stdout } = await this.#host.run(lines.join(" && "), {
      signal,
      timeoutMs: (lines.length * (ACCOUNTING_SECONDS + 1) + 10) * 1000,
    });
    const now = this.#now();
    // What waits for accounting waits for the queue's word on all other jobs as well.
    if (now - begun > PROMPT_MS) this.#accountingRestsUntil = now + REST_FACTOR * (now - begun);
    if (exitCode !== 0) return undefined;
    return new Map(parseSacct(stdout).jobs.map((job) => [formatJobId(job.id), job]));
  }

  async #lastWords(runs: readonly Run[], signal: AbortSignal) {
    if (runs.length === 0) return new Map<Run, never>();
    const { stdout } = await this.#host.run(printLastWords(this.#layout, runs), { signal });
    const found = parseLastWordsFound(decoder.decode(stdout), runs);
    return new Map(runs.flatMap((run, index) => {
      const words = found[index];
      return words === undefined ? [] : [[run, words] as const];
    }));
  }
}

/**
 * Reads what a job has used, over one connection.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import type { JobMetrics, SchedulerId, SessionId } from "../../model/mod.ts";
import {
  hasAccounting,
  parseSstat,
  parseStepId,
  parseUsage,
  sstatArguments,
  usageArguments,
} from "../../slurm/mod.ts";
import type { RunningStep, UsageAnswer } from "../../slurm/mod.ts";
import { SchedulerUnavailableError } from "../errors.ts";
import type { ExitRecord } from "../exit_record.ts";
import type { RemoteLayout } from "../layout.ts";
import { assembleMetrics, NOTHING_FOUND } from "../metrics/assemble.ts";
import type { PartFound } from "../metrics/assemble.ts";
import { readRecords, recordFound } from "../metrics/recorded.ts";
import type { MeteredJob, MeteredPart } from "../scheduler.ts";
import { partId } from "./cancel_lines.ts";
import { slurmLine } from "./command_lines.ts";
import { isSettled, jobFound, stepFound } from "./metrics.ts";
import { isAccountOf, isBefore, isRecordOf } from "./present_run.ts";
import type { SlurmSettings } from "./settings.ts";
import { parseStepTraces, printStepTraces, stepKey } from "./step_traces.ts";
import { sacctLine } from "./vanished.ts";

/** Longest time that the nodes may take to answer, in seconds. */
const SSTAT_SECONDS = 20;

const decoder = new TextDecoder();

/** How the figures of a part are found in the answers of Slurm's commands. */
interface Source {
  readonly part: MeteredPart;
  /** What accounting is to be asked for. */
  readonly accountId: string | undefined;
  /** What is told of it while it runs and once accounting has its end; `undefined` where nothing is. */
  readonly find: (answers: Answers) => Found;
  /** What its script recorded of its end, where that has been read already. */
  readonly record?: ExitRecord;
}

interface Answers {
  readonly usage: UsageAnswer;
  /** Running steps, by Slurm's number of their jobs. */
  readonly running: ReadonlyMap<string, readonly RunningStep[]>;
}

interface Found {
  /** Whether accounting has its end. */
  readonly settled: boolean;
  /** By what sstat is asked for it: Slurm's number of the job, or a step of it. */
  readonly statId?: string | undefined;
  readonly found?: PartFound;
}

/** What a job has used; see Scheduler.metrics. */
export async function readMetrics(
  host: Host,
  layout: RemoteLayout,
  settings: SlurmSettings,
  job: MeteredJob,
  signal: AbortSignal,
): Promise<JobMetrics> {
  const { session, parts } = job;
  const sources = session === undefined
    ? parts.map((part) => jobSource(part, job))
    : await stepSources(host, layout, session, parts, signal);
  const accounting = hasAccounting(await settings.known(signal));
  const asked = sources.filter(({ part }) => part.running || part.final);
  const ids = asked.flatMap(({ accountId }) => accountId ?? []);
  const usage = parseUsage(accounting ? await sacct(host, ids, signal) : "");
  const before = { usage, running: new Map<string, never>() };
  const living = asked.flatMap(({ part, find }) => {
    const { settled, statId } = find(before);
    return part.running && !settled && statId !== undefined ? [statId] : [];
  });
  const answers = { usage, running: await sstat(host, living, signal) };
  const unsettled = sources.filter(({ part, record, find }) =>
    part.final && record === undefined && !find(answers).settled
  );
  const records = await readRecords(host, layout, unsettled.map(({ part }) => part), signal);
  return assembleMetrics(
    job,
    sources.map(({ part, find, record = records.get(part) }) => {
      if (!part.running && !part.final) return NOTHING_FOUND;
      const { settled, found = NOTHING_FOUND } = find(answers);
      if (settled || !part.final) return found;
      // What accounting says of one that has ended is not final yet.
      return recordFound(
        record !== undefined && isRecordOf(ownRun(part), record) ? record : undefined,
        part.nodes,
      );
    }),
  );
}

function ownRun({ schedulerId, startedAt }: MeteredPart) {
  return { schedulerId, startedAt };
}

/** A job of its own, an array task or a component. */
function jobSource(part: MeteredPart, { components }: MeteredJob): Source {
  const { schedulerId, task } = part;
  const id: SchedulerId = task === undefined
    ? schedulerId
    : partId(schedulerId, task, components === true ? "component" : "task");
  const find = ({ usage, running }: Answers): Found => {
    const line = usage.jobs.get(id);
    const own = line !== undefined &&
        isAccountOf({ attemptId: part.attemptId, startedAt: part.startedAt }, line, undefined)
      ? line
      : undefined;
    // Without accounting the number of a task is not known, and that of a job is its id.
    const statId = own?.number ?? (task === undefined ? schedulerId : undefined);
    const steps = statId === undefined ? [] : running.get(statId) ?? [];
    const settled = own !== undefined && isSettled(own);
    if (own === undefined && steps.length === 0) return { settled, statId };
    return { settled, statId, found: jobFound(own, settled ? [] : steps) };
  };
  return { part, accountId: schedulerId, find };
}

/** Steps of a session, whose ids are known only once they have begun. */
async function stepSources(
  host: Host,
  layout: RemoteLayout,
  sessionId: SessionId,
  parts: readonly MeteredPart[],
  signal: AbortSignal,
): Promise<Source[]> {
  const wanted = parts.map(({ attemptId, task }) => ({ attemptId, task, sessionId }));
  const { stdout } = await host.run(printStepTraces(layout, wanted), { signal });
  const { steps } = parseStepTraces(decoder.decode(stdout), wanted);
  return parts.map((part): Source => {
    const traces = steps.get(stepKey({ attemptId: part.attemptId, task: part.task }));
    const id = parseStepId(traces?.begun ?? "");
    const statId = id === undefined ? undefined : traces?.begun;
    const find = ({ usage, running }: Answers): Found => {
      if (id === undefined || statId === undefined) return { settled: false };
      const line = usage.steps.get(statId);
      const own = line === undefined || isBefore(line.endedAt, traces?.startedAt)
        ? undefined
        : line;
      const [number = ""] = statId.split(".");
      const now = (running.get(number) ?? []).filter(({ step }) => step === id.step);
      const settled = own !== undefined && isSettled(own);
      if (own === undefined && now.length === 0) return { settled, statId };
      return { settled, statId, found: stepFound(own, settled ? [] : now) };
    };
    const record = traces?.record;
    return { part, accountId: statId, find, ...(record === undefined ? {} : { record }) };
  });
}

async function sacct(
  host: Host,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Uint8Array | string> {
  const [first, ...rest] = new Set(ids);
  if (first === undefined) return "";
  const line = sacctLine(usageArguments([first, ...rest]));
  const { exitCode, stdout, stderr } = await host.run(line, { signal });
  if (exitCode !== 0) throw new SchedulerUnavailableError("sacct", decoder.decode(stderr));
  return stdout;
}

/** The steps that run now, by Slurm's numbers of their jobs. */
async function sstat(
  host: Host,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly RunningStep[]>> {
  const [first, ...rest] = new Set(ids);
  if (first === undefined) return new Map();
  const words = ["timeout", "-k", "1", String(SSTAT_SECONDS), ...sstatArguments([first, ...rest])];
  // What the nodes do not tell is not known: that a cluster does not sample its jobs is no failure.
  const { stdout } = await host.run(slurmLine(words), { signal });
  const sampled = parseSstat(stdout).filter(({ cpuSeconds }) => cpuSeconds !== undefined);
  return Map.groupBy(sampled, ({ number }) => number);
}

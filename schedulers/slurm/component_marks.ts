/**
 * What is known of the components of heterogeneous jobs beside what Slurm says: the records that their own
 * scripts left, and the marks of whoever wanted one of them ended.
 *
 * @module
 */

import type { Host } from "../../hosts/mod.ts";
import { BEGIN_LINK, GIVEN_UP } from "../../launchers/mod.ts";
import { attemptIdSchema } from "../../model/mod.ts";
import type { AttemptId } from "../../model/mod.ts";
import { parseExitRecords, printExitRecords } from "../exit_record.ts";
import type { ExitRecord } from "../exit_record.ts";
import { forAttempts } from "../for_attempts.ts";
import type { RemoteLayout } from "../layout.ts";
import type { Watched } from "../scheduler.ts";
import { CANCEL_MARK } from "./component_cancel.ts";
import { mayBeSlurms } from "./component_verdict.ts";
import { isRecordOf } from "./present_run.ts";
import type { Run } from "./present_run.ts";

/** What is known of one component. */
export interface ComponentMarks {
  /** What its own script left, or the batch script in its place. */
  readonly record: ExitRecord | undefined;
  /** Whether its script has begun. */
  readonly begun: boolean;
  /** Whether somebody wants it ended. */
  readonly cancelled: boolean;
  /** Whether it was ended before it had begun, and never will. */
  readonly never: boolean;
}

const UNMARKED: ComponentMarks = {
  record: undefined,
  begun: false,
  cancelled: false,
  never: false,
};

/**
 * The shell commands that print the records and marks of the components of the given attempts.
 *
 * @param jobsDirectory The directory that holds the jobs' directories; may start with `~/`.
 */
function printComponentMarks(
  jobsDirectory: string,
  attempts: readonly AttemptId[],
): string {
  return [
    printExitRecords(jobsDirectory, attempts),
    forAttempts(jobsDirectory, attempts),
    `for sluice_file in "$sluice_place"/${BEGIN_LINK}.* "$sluice_place"/${CANCEL_MARK}.*; do`,
    'if [ -L "$sluice_file" ]; then sluice_target=$(readlink "$sluice_file")',
    'elif [ -f "$sluice_file" ]; then sluice_target=-',
    "else continue; fi",
    'printf \'%s mark %s %s\\n\' "$sluice_attempt" "${sluice_file##*/}" "$sluice_target"',
    "done; done",
  ].join("\n");
}

const MARK = /^(\S+) mark ([a-z]+)\.(\d{1,9}) (\S+)$/;

function key(attemptId: string, component: number | undefined): string {
  return `${attemptId} ${component ?? ""}`;
}

/** The records and marks in the output of {@linkcode printComponentMarks}; other lines are passed over. */
export class MarksFound {
  readonly #marks = new Map<string, ComponentMarks>();

  /** @param output What was printed. Default: nothing. */
  constructor(output = "") {
    for (const record of parseExitRecords(output)) {
      this.#add(record.attemptId, record.task, { record });
    }
    for (const line of output.split("\n")) {
      const [, id, kind, component, target] = MARK.exec(line) ?? [];
      const attemptId = attemptIdSchema.safeParse(id);
      if (!attemptId.success) continue;
      const number = Number(component);
      if (kind === CANCEL_MARK) this.#add(attemptId.data, number, { cancelled: true });
      else if (target === GIVEN_UP) this.#add(attemptId.data, number, { never: true });
      else this.#add(attemptId.data, number, { begun: true });
    }
  }

  #add(attemptId: AttemptId, component: number | undefined, some: Partial<ComponentMarks>): void {
    const place = key(attemptId, component);
    this.#marks.set(place, { ...UNMARKED, ...this.#marks.get(place), ...some });
  }

  /** What is known of a component's present run. */
  of(run: Run): ComponentMarks {
    const marks = this.#marks.get(key(run.attemptId, run.task)) ?? UNMARKED;
    const { record } = marks;
    const present = record === undefined || isRecordOf(run, record) ||
      (record.schedulerId === run.schedulerId && !mayBeSlurms(record));
    return present ? marks : { ...marks, record: undefined };
  }
}

/** Reads the records and marks of all components, by one command; by none where no job has components. */
export async function readComponentMarks(
  host: Pick<Host, "run">,
  layout: RemoteLayout,
  watched: readonly Pick<Watched, "attemptId" | "components">[],
  signal: AbortSignal,
): Promise<MarksFound> {
  const attempts = watched.filter(({ components }) => components === true);
  if (attempts.length === 0) return new MarksFound();
  const program = printComponentMarks(
    layout.jobs,
    [...new Set(attempts.map(({ attemptId }) => attemptId))],
  );
  const { stdout } = await host.run(program, { signal });
  return new MarksFound(new TextDecoder().decode(stdout));
}

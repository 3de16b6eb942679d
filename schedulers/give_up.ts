/**
 * Giving up attempts that the scheduler has lost: an attempt that has not begun by then never will.
 *
 * @module
 */

import type { Host } from "../hosts/mod.ts";
import { BEGIN_LINK, GIVEN_UP } from "../launchers/mod.ts";
import { attemptIdSchema } from "../model/mod.ts";
import { forAttempts } from "./for_attempts.ts";
import type { RemoteLayout } from "./layout.ts";
import type { GivenUp, Watched } from "./scheduler.ts";

/** So many links are made by one command, which other commands on the connection wait for. */
const LINKS_PER_COMMAND = 1_000;

/** An attempt, or a task of it. */
type Part = Pick<GivenUp, "attemptId" | "task">;

/**
 * The shell commands that make the link of each part which says that it was given up, unless its script has
 * made it, and print `ATTEMPT TASK TARGET`.
 *
 * @param jobsDirectory The directory that holds the jobs' directories; may start with `~/`.
 */
function giveUpProgram(jobsDirectory: string, parts: readonly Part[]): string {
  const attempts = Map.groupBy(parts, ({ attemptId }) => attemptId);
  return [...attempts].map(([attemptId, some]) =>
    [
      forAttempts(jobsDirectory, [attemptId]),
      `for sluice_task in ${some.map(({ task }) => task ?? "-").join(" ")}; do`,
      `sluice_link=$sluice_place/${BEGIN_LINK}`,
      '[ "$sluice_task" = - ] || sluice_link=$sluice_link.$sluice_task',
      `ln -sn ${GIVEN_UP} "$sluice_link" 2>/dev/null`,
      'printf \'%s %s %s\\n\' "$sluice_attempt" "$sluice_task" "$(readlink "$sluice_link")"',
      "done; done",
    ].join("\n")
  ).join("\n");
}

const LINE = /^(\S+) (-|\d{1,9}) (\S*)$/;

/** What became of each part, in the output of {@linkcode giveUpProgram}; other lines are passed over. */
export function parseGivenUp(output: string): GivenUp[] {
  return output.split("\n").flatMap((line): GivenUp[] => {
    const [, id, task, target] = LINE.exec(line) ?? [];
    const attemptId = attemptIdSchema.safeParse(id);
    // Without a target the link can be neither made nor read.
    if (!attemptId.success || target === undefined || target === "") return [];
    return [{
      attemptId: attemptId.data,
      ...(task === undefined || task === "-" ? {} : { task: Number(task) }),
      begun: target !== GIVEN_UP,
    }];
  });
}

function partsOf({ attemptId, tasks }: Watched): Part[] {
  return tasks?.map((task) => ({ attemptId, task })) ?? [{ attemptId }];
}

/** Gives attempts up; see Scheduler.giveUp. */
export async function giveUp(
  host: Host,
  layout: RemoteLayout,
  watched: readonly Watched[],
  signal: AbortSignal,
): Promise<readonly GivenUp[]> {
  const parts = watched.flatMap(partsOf);
  const given: GivenUp[] = [];
  for (let start = 0; start < parts.length; start += LINKS_PER_COMMAND) {
    const some = parts.slice(start, start + LINKS_PER_COMMAND);
    const { stdout } = await host.run(giveUpProgram(layout.jobs, some), { signal });
    given.push(...parseGivenUp(new TextDecoder().decode(stdout)));
  }
  return given;
}

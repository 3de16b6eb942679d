/**
 * What the cluster itself tells of the jobs, read from text. Pure.
 *
 * @module
 */

/** One start of a job or an array task, as its own script told it. */
export interface Start {
  readonly token: string;
  /** Number of the array task, or `-`. */
  readonly task: string;
  /** How often Slurm had put it back before. */
  readonly restart: string;
  readonly slurmId: string;
}

/** A job or an array task as Slurm lists it. */
export interface SlurmRecord {
  /** Id without the number of the task: all tasks of an array have one. */
  readonly jobId: string;
  readonly comment: string;
  readonly state: string;
  /** Whether it was given nodes, and so began. */
  readonly ran: boolean;
}

/** The lines of the file of starts; a line that is none of them is an error, since nothing is guessed. */
export function parseStarts(text: string): Start[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [token = "", task = "", restart = "", slurmId = "", ...rest] = line.split(" ");
    if (slurmId === "" || rest.length > 0) throw new Error(`not a start of a job: ${line}`);
    return { token, task, restart, slurmId };
  });
}

/** The fields of {@linkcode parseSlurmRecords}, for `squeue --format` . */
export const SQUEUE_FORMAT = "%i|%k|%T|%S|%N|%Z";
/** The same for `sacct --format`. */
export const SACCT_FORMAT = "JobID,Comment,State,Start,NodeList,WorkDir";

/** Reads what squeue and sacct print in these formats; only jobs below the directory count. */
export function parseSlurmRecords(text: string, directory: string): SlurmRecord[] {
  return text.split("\n").flatMap((line) => {
    const [id = "", comment = "", state = "", start = "", nodes = "", work = ""] = line.split("|");
    if (!work.startsWith(`${directory}/`)) return [];
    const began = /^\d{4}-/.test(start) && nodes !== "" && nodes !== "None assigned";
    return [{ jobId: id.replace(/_.*$/, ""), comment, state, ran: began }];
  });
}

/** Sluice's id in the comment of one of its jobs, whichever attempt; `undefined` for another comment. */
export function sluiceIdOf(comment: string): string | undefined {
  return /^sluice:([0-9a-f-]{36})(?:\.\d+)?$/.exec(comment)?.[1];
}

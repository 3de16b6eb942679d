/**
 * What the submit program's answer means for a job. Pure.
 *
 * @module
 */

import type { AttemptId, SluiceError } from "../../model/mod.ts";
import { explainRejection, SchedulerBusyError } from "../../slurm/mod.ts";
import {
  DirectoryUnwritableError,
  SchedulerUnavailableError,
  SubmissionUnclearError,
} from "../errors.ts";
import type { SubmitOutcome } from "../scheduler.ts";
import type { ProgramReply } from "./submit_replies.ts";

/**
 * What became of a submission.
 *
 * @param reply What the program said of the job; `undefined` where it said nothing.
 * @param words What is known of the program's own end.
 */
export function outcomeOf(
  attemptId: AttemptId,
  directory: string,
  reply: ProgramReply | undefined,
  words: string,
): SubmitOutcome {
  const postponed = (error: SluiceError, maybeSent = true): SubmitOutcome => ({
    kind: "postponed",
    attemptId,
    error,
    maybeSent,
  });
  if (reply === undefined) return postponed(new SubmissionUnclearError(words));
  switch (reply.kind) {
    case "submitted":
      return { kind: "submitted", attemptId, schedulerId: reply.schedulerId };
    case "refused": {
      // What timeout(1) answers when it could not start the command.
      if (reply.exitCode >= 125 && reply.exitCode <= 127) {
        return postponed(new SchedulerUnavailableError("sbatch", reply.words), false);
      }
      // Ended by the time-out or a signal, or without a word: sbatch may have got through. With 255 sbatch
      // itself leaves, before it has sent anything, when it cannot read the value of an option.
      const ended = reply.exitCode >= 124 && reply.exitCode !== 255;
      if (ended || reply.words.trim() === "") {
        return postponed(
          new SubmissionUnclearError(`sbatch ended with status ${reply.exitCode}. ${reply.words}`),
        );
      }
      const error = explainRejection(reply.words, reply.exitCode);
      if (error instanceof SchedulerBusyError) return postponed(error, error.maybeSubmitted);
      return error.retryable ? postponed(error, false) : { kind: "rejected", attemptId, error };
    }
    case "locked":
      return postponed(
        new SubmissionUnclearError(`an earlier attempt is still at work (${reply.words}).`),
      );
    case "unwritable":
      return postponed(new DirectoryUnwritableError(directory, reply.words), false);
    case "queue_unreadable":
      return postponed(new SchedulerUnavailableError("squeue", reply.words));
    case "unclear":
      return postponed(new SubmissionUnclearError(reply.words));
  }
}

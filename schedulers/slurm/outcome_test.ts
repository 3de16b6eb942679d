import assert from "node:assert/strict";
import { schedulerIdSchema } from "../../model/mod.ts";
import type { SubmitOutcome } from "../scheduler.ts";
import { newAttempt } from "../testing/attempts.ts";
import { outcomeOf } from "./outcome.ts";
import type { ProgramReply } from "./submit_replies.ts";

const attemptId = newAttempt();
const outcome = (reply: ProgramReply | undefined) =>
  outcomeOf(attemptId, "/jobs/x", reply, "exit status 1");
const refused = (exitCode: number, words: string) =>
  outcome({ attemptId, kind: "refused", exitCode, words });

/** The kind, the error's code, and whether the job may be in the queue all the same. */
function summary(outcome: SubmitOutcome): unknown[] {
  switch (outcome.kind) {
    case "submitted":
      return [outcome.kind, outcome.schedulerId];
    case "rejected":
      return [outcome.kind, outcome.error.code];
    case "postponed":
      return [outcome.kind, outcome.error.code, outcome.maybeSent];
  }
}

Deno.test("each answer of the program means one thing", () => {
  const schedulerId = schedulerIdSchema.parse("12");
  const cases: readonly (readonly [SubmitOutcome, unknown[]])[] = [
    [outcome({ attemptId, kind: "submitted", schedulerId }), ["submitted", "12"]],
    [outcome(undefined), ["postponed", "SUBMISSION_UNCLEAR", true]],
    [outcome({ attemptId, kind: "locked", words: "n1:1:2" }), [
      "postponed",
      "SUBMISSION_UNCLEAR",
      true,
    ]],
    [outcome({ attemptId, kind: "unclear", words: "?" }), [
      "postponed",
      "SUBMISSION_UNCLEAR",
      true,
    ]],
    [outcome({ attemptId, kind: "queue_unreadable", words: "" }), [
      "postponed",
      "SCHEDULER_UNAVAILABLE",
      true,
    ]],
    [outcome({ attemptId, kind: "unwritable", words: "tmpfs 1024 1024 0 100% /x" }), [
      "postponed",
      "DISK_FULL",
      false,
    ]],
    [outcome({ attemptId, kind: "unwritable", words: "tmpfs 9000 1 8999 1% /x" }), [
      "postponed",
      "DIRECTORY_UNWRITABLE",
      false,
    ]],
  ];
  for (const [seen, expected] of cases) assert.deepEqual(summary(seen), expected);
});

Deno.test("sbatch that was killed or ran out of time may have got through", () => {
  for (const code of [124, 137, 143]) {
    assert.deepEqual(summary(refused(code, "x")), ["postponed", "SUBMISSION_UNCLEAR", true]);
  }
  assert.deepEqual(summary(refused(1, " \n")), ["postponed", "SUBMISSION_UNCLEAR", true]);
});

Deno.test("sbatch that could not be started has sent nothing", () => {
  for (const code of [125, 126, 127]) {
    assert.deepEqual(summary(refused(code, "timeout: failed to run command 'sbatch'")), [
      "postponed",
      "SCHEDULER_UNAVAILABLE",
      false,
    ]);
  }
});

Deno.test("a refusal for good ends the job; one for now does not", () => {
  const words = "sbatch: error: Batch job submission failed: ";
  assert.equal(refused(1, `${words}Invalid partition name specified`).kind, "rejected");
  assert.deepEqual(
    summary(refused(1, `${words}Unable to contact slurm controller (connect failure)`)).slice(0, 3),
    ["postponed", "SCHEDULER_UNAVAILABLE", false],
  );
  assert.deepEqual(
    summary(refused(1, `${words}Socket timed out on send/recv operation`)),
    ["postponed", "SCHEDULER_UNAVAILABLE", true],
  );
});

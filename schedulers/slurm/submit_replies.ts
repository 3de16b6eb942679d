/**
 * What the program of {@linkcode submitProgram} says of its jobs. Pure.
 *
 * @module
 */

import { z } from "zod";
import { schedulerIdSchema } from "../../model/mod.ts";
import type { SchedulerId } from "../../model/mod.ts";

/** What the program said of one job. */
export type ProgramReply =
  & { readonly attemptId: string }
  & (
    | { readonly kind: "submitted"; readonly schedulerId: SchedulerId }
    | { readonly kind: "refused"; readonly exitCode: number; readonly words: string }
    | { readonly kind: "locked"; readonly words: string }
    | { readonly kind: "unwritable"; readonly words: string }
    | { readonly kind: "queue_unreadable"; readonly words: string }
    | { readonly kind: "unclear"; readonly words: string }
  );

const replySchema = z.tuple([
  z.string(),
  z.string(),
  z.string().regex(/^\d{1,3}$/).transform(Number),
  z.string(),
]);

/** Reads what the program says while it says it. */
export class ReplyReader {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Takes the next piece of the output and returns the replies that it completes. */
  push(bytes: Uint8Array): ProgramReply[] {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    const end = text.lastIndexOf("\x1e") + 1;
    this.#rest = text.slice(end);
    return end === 0 ? [] : parseProgramReplies(text.slice(0, end));
  }
}

/** What the program said, job by job. Anything that is not one of its records is passed over. */
export function parseProgramReplies(output: string): ProgramReply[] {
  return output.split("\x1e").flatMap((record): ProgramReply[] => {
    const [job, said, status, ...rest] = record.split("\x1f");
    const fields = replySchema.safeParse([job, said, status, rest.join("\x1f")]);
    if (!fields.success) return [];
    const [attemptId, kind, exitCode, words] = fields.data;
    switch (kind) {
      case "submitted": {
        const schedulerId = schedulerIdSchema.safeParse(words);
        return schedulerId.success
          ? [{ attemptId, kind, schedulerId: schedulerId.data }]
          : [{ attemptId, kind: "unclear", words }];
      }
      case "refused":
        return [{ attemptId, kind, exitCode, words }];
      case "locked":
      case "unwritable":
      case "queue_unreadable":
      case "unclear":
        return [{ attemptId, kind, words }];
      default:
        return [];
    }
  });
}

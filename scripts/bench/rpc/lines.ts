import { toLines } from "../lines.ts";

/** Answers every line of this process's input, one after the other, until the input ends. */
export async function answerLines(answer: (line: unknown) => Promise<unknown>): Promise<void> {
  for await (const line of toLines(Deno.stdin.readable)) say(await answer(JSON.parse(line)));
}

/** Says something to the process that started this one. */
export function say(what: unknown): void {
  console.log(JSON.stringify(what));
}

/** Now, in ms since the epoch with all the digits there are, which processes of one machine agree on. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

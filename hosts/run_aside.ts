/**
 * Running what takes long beside everything else.
 *
 * @module
 */

import type { CommandResult, Host } from "./host.ts";

/** Runs a program to its end over a channel of its own, so that nothing else waits for it. */
export async function runAside(
  host: Pick<Host, "stream">,
  program: string,
  signal: AbortSignal,
): Promise<CommandResult> {
  await using stream = await host.stream(program, { signal });
  const [stdout, stderr] = await Promise.all([
    new Response(stream.stdout).bytes(),
    new Response(stream.stderr).bytes(),
  ]);
  return { exitCode: await stream.exit, stdout, stderr };
}

/**
 * Keeps two `up` or `down` from working at the same time.
 *
 * @module
 */

import { BASE_ENVIRONMENT } from "./command.ts";
import { TestbedError } from "./errors.ts";

/**
 * Waits up to two minutes for the machine-wide lock and holds it until disposed. A `flock` on a
 * directory leaves no file behind, and ends with the process that holds it, however that ends.
 * Raises `TESTBED_BUSY` if another one does not finish in time.
 */
export async function acquireLock(): Promise<AsyncDisposable> {
  const holder = new Deno.Command("sh", {
    args: ["-c", "exec flock --timeout 120 /run sh -c 'echo held; exec cat'"],
    clearEnv: true,
    env: { ...BASE_ENVIRONMENT },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const release = async () => {
    await holder.stdin.close();
    await holder.stdout.cancel();
    await holder.status;
  };
  const reader = holder.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  if (value === undefined) {
    await release();
    throw new TestbedError(
      "TESTBED_BUSY",
      "Another `testbed up` or `testbed down` has been at work for two minutes.",
      "Wait for it to end, then try again.",
    );
  }
  return { [Symbol.asyncDispose]: release };
}

/**
 * Outputs by OpenSSH's own client.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Address } from "../peers/address.ts";
import { OpenSsh } from "../peers/openssh.ts";
import type { Following } from "./following.ts";

/** Sessions on a connection: sshd's MaxSessions allows 10, and frees them late. */
const SESSIONS = 8;

// What is not written to does not end, so the one that follows is ended once all has come.
const FOLLOW = `bytes=$1 pipes=$2; shift 2
for path; do
  pipe=$pipes/\${path##*/job-}.pipe
  mkfifo "$pipe"
  $SSH_WORDS "tail -c +1 -F '$path' 2>/dev/null" >"$pipe" </dev/null 2>/dev/null & pid=$!
  { head -c "$bytes" <"$pipe" | wc -c; kill $pid; rm "$pipe"; } &
done
wait`;

/** As many connections as a process for each file needs. */
export class Followers implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    private readonly connections: readonly OpenSsh[],
    private readonly directory: string,
  ) {
    this.#stack = stack;
  }

  /** Connects as often as it takes to follow so many files. */
  static async open(address: Address, directory: string, files: number): Promise<Followers> {
    await using stack = new AsyncDisposableStack();
    const connections: OpenSsh[] = [];
    for (let index = 0; index < Math.ceil(files / SESSIONS); index++) {
      await Deno.mkdir(`${directory}/c${index}`);
      connections.push(stack.use(await OpenSsh.open(address, `${directory}/c${index}`)));
    }
    return new Followers(stack.move(), connections, directory);
  }

  /**
   * Follows each file with an `ssh tail -F` of its own until so many bytes have come of each, which are
   * counted. Resolves once all follow, with what resolves when all has come.
   */
  async follow(paths: readonly string[], bytes: number): Promise<Following> {
    const counts = this.connections.map((connection, index) =>
      connection.script("ssh tail -F", FOLLOW, [
        String(bytes),
        `${this.directory}/c${index}`,
        ...paths.slice(index * SESSIONS, (index + 1) * SESSIONS),
      ])
    );
    // Until all of them have started.
    await delay(2_000);
    return async () => {
      const counted = (await Promise.all(counts)).flatMap((text) => text.trim().split("\n"));
      return counted.reduce((sum, count) => sum + Number(count), 0);
    };
  }

  /** Reads a file with one `ssh cat`, and gives the number of its bytes. */
  async cat(path: string): Promise<number> {
    const [connection] = this.connections;
    return Number(await connection?.script("ssh cat", '$SSH_WORDS "cat $1" | wc -c', [path]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

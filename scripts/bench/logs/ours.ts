/**
 * Outputs by Sluice's own feed.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Sluice } from "../../../actors/mod.ts";
import type { JobId } from "../../../model/mod.ts";
import { runScript } from "../../testbed/mod.ts";
import type { Following } from "./following.ts";
import { checkBytes } from "./output.ts";

/** Follows the standard outputs of jobs, again and again from where it ended. */
export class Feeds {
  readonly #sluice: Sluice;
  readonly #jobs: readonly JobId[];
  /** Where each feed goes on. */
  #offset = 0;
  /** Channels that were open while nothing was followed. */
  readonly #idle: number;
  /** Channels that were open for the feeds, at the most. */
  channels = 0;

  /** Follows these jobs. */
  constructor(sluice: Sluice, jobs: readonly JobId[], idleChannels: number) {
    this.#sluice = sluice;
    this.#jobs = jobs;
    this.#idle = idleChannels;
  }

  /** Follows every job until so many more bytes have come of each, and checks each byte and its place. */
  follow(bytes: number): Following {
    const offset = this.#offset;
    this.#offset += bytes;
    const all = Promise.all(this.#jobs.map(async (jobId) => {
      let next = offset;
      for await (const chunk of this.#sluice.jobs.logs({ jobId, offset, stream: "stdout" })) {
        if (chunk.offset !== next) throw new Error(`${chunk.offset} follows ${next}`);
        checkBytes(next, chunk.bytes);
        next += chunk.bytes.length;
        if (next >= offset + bytes) break;
      }
      return next - offset;
    }));
    const during = (async () => {
      await delay(500);
      return await channels();
    })();
    return async () => {
      const counts = await all;
      this.channels = Math.max(this.channels, await during - this.#idle);
      return counts.reduce((sum, count) => sum + count, 0);
    };
  }
}

/** Channels on which commands run, in all connections to the login node: each has a child of sshd. */
export async function channels(): Promise<number> {
  const printed = await runScript(
    "ps",
    `ps -e -o pid=,ppid=,comm= | awk '
      $3 ~ /^sshd/ { sshd[$1] } { parent[$1] = $2; name[$1] = $3 }
      END { for (pid in parent) if (name[pid] !~ /^sshd/ && parent[pid] in sshd) count++; print count + 0 }'`,
    [],
  );
  return Number(printed);
}

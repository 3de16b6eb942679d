/**
 * The cluster's own daemons are killed and come back.
 *
 * @module
 */

import { dropSessions, startDaemon, stopDaemon } from "../../testbed/mod.ts";
import type { Fault } from "../fault.ts";
import { inRounds } from "../fault.ts";

function killed(
  name: string,
  { rounds: own, longestMs, about, alongside }: {
    readonly rounds: number;
    readonly longestMs: number;
    readonly about: string;
    /** What breaks together with the daemon. */
    readonly alongside?: () => Promise<unknown>;
  },
): Fault {
  return {
    name,
    about,
    run: (scene, rounds = own) =>
      inRounds(scene, rounds, async ({ chance }) => {
        await using stack = new AsyncDisposableStack();
        stack.defer(() => startDaemon(name));
        await stopDaemon(name, { signal: "KILL" });
        await alongside?.();
        await scene.pause(chance.between(200, longestMs));
      }),
  };
}

/** slurmctld is killed. */
export const slurmctld: Fault = killed("slurmctld", {
  rounds: 3,
  longestMs: 6_000,
  about: "Slurm's controller is killed with -9 and started again after a while",
});

/** slurmdbd is killed. */
export const slurmdbd: Fault = killed("slurmdbd", {
  rounds: 3,
  longestMs: 8_000,
  about: "Slurm's accounting is killed with -9 and started again after a while",
});

/** sshd is killed with all its sessions. */
export const sshd: Fault = killed("sshd", {
  rounds: 3,
  longestMs: 6_000,
  about: "the login node's sshd is killed with -9, with every session, and started again",
  alongside: dropSessions,
});

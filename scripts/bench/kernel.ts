import type { Benchmark, RateCase } from "./benchmark.ts";
import * as limit from "./kernel/limit.ts";
import * as nact from "./kernel/nact.ts";
import * as ours from "./kernel/ours.ts";
import * as xstate from "./kernel/xstate.ts";
import { rates } from "./measure.ts";

const unit = "messages/s";

/** The cases, each with its contenders. */
export const kernelCases: readonly (() => RateCase)[] = [
  () => ({
    name: "tell",
    unit,
    ours: ours.tell(),
    limit: limit.tell(),
    peers: { xstate: xstate.tell(), nact: nact.tell() },
  }),
  () => ({
    name: "ask",
    unit,
    ours: ours.ask(),
    limit: limit.ask(),
    peers: { xstate: xstate.ask(), nact: nact.ask() },
  }),
  () => ({
    name: "ring",
    unit,
    ours: ours.ring(),
    limit: limit.ring(),
    peers: { xstate: xstate.ring(), nact: nact.ring() },
  }),
];

/**
 * How fast messages travel between actors in one process:
 * - `tell`: one sender, one actor that counts.
 * - `ask`: one question after the other, each waiting for the answer to the one before.
 * - `ring`: one token goes round a ring of 1,000 actors.
 *
 * The limit is a bare queue with none of an actor's guarantees; xstate's mailboxes have no bound and its
 * actors run within `send`.
 */
export const kernel: Benchmark = {
  about: "messages per second for tell, ask and a ring of 1,000 actors",
  run: rates(kernelCases, { measured: 9, warmUp: 2 }),
};

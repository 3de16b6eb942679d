/**
 * What a fault is, and the rounds that most of them consist of.
 *
 * @module
 */

import type { Chance } from "./chance.ts";
import type { KindName } from "./kinds.ts";
import { KINDS } from "./kinds.ts";
import type { Scene, Submission, SubmitOptions } from "./scene.ts";

/** One way in which things break. */
export interface Fault {
  readonly name: string;
  /** What breaks, in a line. */
  readonly about: string;
  /**
   * Submits jobs and breaks things meanwhile; whatever it broke is put right when it is done, however it
   * ends.
   *
   * @param rounds How many rounds are asked for. Default: the fault's own number.
   * @returns How many there were.
   */
  readonly run: (scene: Scene, rounds: number | undefined) => Promise<number>;
}

/** One round, as whoever injects a fault sees it. */
export interface Round {
  /** Its number, from 0. */
  readonly number: number;
  /** Its draws. */
  readonly chance: Chance;
  /** How its jobs are submitted. */
  readonly options: SubmitOptions;
  /** The jobs that were submitted before the fault. */
  readonly before: Promise<readonly Submission[]>;
  /** Says that it is broken: where the rest waits for that, it is submitted now. */
  readonly broken: () => void;
}

/** How rounds differ from fault to fault. */
export interface RoundOptions {
  /** Jobs in addition to one of each kind. Default: none. */
  readonly more?: readonly KindName[];
  /** Whether the second half of the jobs is submitted only once it is broken. Default: `false`. */
  readonly restWaits?: boolean;
  /** Clusters to submit to, and whether output is followed. */
  readonly submit?: Omit<SubmitOptions, "gate">;
}

/**
 * Does rounds in each of which jobs of all kinds are submitted, some before and some while `inject` is at
 * work, which begins at a moment that is drawn; then all of them must end.
 */
export async function inRounds(
  scene: Scene,
  rounds: number,
  inject: (round: Round) => Promise<void>,
  { more = [], restWaits = false, submit = {} }: RoundOptions = {},
): Promise<number> {
  for (let number = 0; number < rounds; number++) {
    const chance = scene.chance(`round ${number}`);
    const gate = `${scene.fault}-${number}`;
    const options = { ...submit, gate };
    const kinds = chance.shuffled(KINDS);
    const half = chance.between(2, 4);
    const [moment, later] = [chance.below(1_200), chance.below(2_500)];
    const before = scene.submit([...more, ...kinds.slice(0, half)], options);
    const { promise: isBroken, resolve: broken } = Promise.withResolvers<void>();
    const during = async () => {
      if (restWaits) await isBroken;
      await scene.pause(later);
      await scene.submit(kinds.slice(half), options);
    };
    const breaking = async () => {
      await scene.pause(moment);
      await inject({ number, chance: scene.chance(`inject ${number}`), options, before, broken });
    };
    // All of them come to their end before an error of one is told, so that nothing is left at work.
    const outcomes = await Promise.allSettled([before, during(), breaking().finally(broken)]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    await scene.allSubmitted();
    scene.say(`round ${number + 1} of ${rounds}: it is over, the jobs are to end`);
    await scene.world.cluster.openGate(gate);
    await scene.allEnded();
  }
  return rounds;
}

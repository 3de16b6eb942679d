/**
 * A system of actors on a virtual clock, with an actor that only listens.
 *
 * @module
 */

import { ActorSystem, seededRandom, VirtualClock } from "../kernel/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";
import { EPOCH } from "./simulated_job.ts";

/** Where actors are tried. */
export class Stage implements AsyncDisposable {
  readonly clock = new VirtualClock(EPOCH);
  readonly system: ActorSystem = new ActorSystem({
    clock: this.clock,
    random: seededRandom(1),
    supervision: { restarts: Infinity },
    onFault: ({ error }) => {
      throw error;
    },
  });
  #listeners = 0;

  /** An actor that keeps what it is told. */
  listener<Message>(): { readonly ref: ActorRef<Message>; readonly heard: Message[] } {
    const heard: Message[] = [];
    const ref = this.system.spawn<Message, null>(`listener-${++this.#listeners}`, {
      init: () => null,
      receive(state, message) {
        heard.push(message);
        return state;
      },
    });
    return { ref, heard };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.system.stop();
  }
}

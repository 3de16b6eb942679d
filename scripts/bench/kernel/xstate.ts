import { type Actor, createActor, fromTransition } from "xstate";
import type { Contender } from "../benchmark.ts";
import { ADD, type Add, ASKS, HOPS, RING, TELLS, verify } from "./workload.ts";

type Event = Add | { readonly type: "get"; readonly answer: (count: number) => void };

const counter = fromTransition((count: number, event: Event) => {
  switch (event.type) {
    case "add":
      return count + event.by;
    case "get":
      event.answer(count);
      return count;
  }
}, 0);

/** `send` runs the actor before it returns. */
export function tell(): Contender {
  const actor = createActor(counter);
  actor.start();
  let expected = 0;
  return {
    run() {
      for (let sent = 0; sent < TELLS; sent++) actor.send(ADD);
      expected += TELLS;
      verify(actor.getSnapshot().context, expected);
      return Promise.resolve(TELLS);
    },
    close: () => void actor.stop(),
  };
}

/** xstate has no ask: the answer comes by a callback in the event, without a timeout. */
export function ask(): Contender {
  const actor = createActor(counter);
  actor.start();
  actor.send(ADD);
  return {
    async run() {
      let answers = 0;
      for (let asked = 0; asked < ASKS; asked++) {
        answers += await new Promise<number>((answer) => actor.send({ type: "get", answer }));
      }
      verify(answers, ASKS);
      return ASKS;
    },
    close: () => void actor.stop(),
  };
}

interface Token {
  readonly type: "token";
  readonly hops: number;
}

/**
 * Each actor sends to the next within its own transition. A whole round trip of the ring is thus one
 * stack of calls, which ends at the actor that is still at work, whose mailbox then takes the token.
 */
export function ring(): Contender {
  let arrived = () => {};
  const link = (index: number) =>
    fromTransition((passed: number, { hops }: Token) => {
      if (hops === 0) arrived();
      else actors[(index + 1) % RING]?.send({ type: "token", hops: hops - 1 });
      return passed + 1;
    }, 0);
  const actors: Actor<ReturnType<typeof link>>[] = Array.from(
    { length: RING },
    (_, index) => createActor(link(index)).start(),
  );
  return {
    async run() {
      const done = new Promise<void>((resolve) => arrived = resolve);
      actors[0]?.send({ type: "token", hops: HOPS });
      await done;
      return HOPS;
    },
    close: () => actors.forEach((actor) => actor.stop()),
  };
}

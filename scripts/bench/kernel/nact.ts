import { type ActorSystemRef, dispatch, query, type Ref, spawn, start, stop } from "nact";
import type { Contender } from "../benchmark.ts";
import { ADD, type Add, RING, verify } from "./workload.ts";

/** nact is slower by far: less work a round gives the same rate in less time. */
const TELLS = 20_000;
const ASKS = 5_000;
const HOPS = 5_000;

type Message = Add | { readonly type: "get"; readonly asker: Ref<number> };

const ASK_TIMEOUT_MS = 5_000;

function counter(system: ActorSystemRef): Ref<Message> {
  return spawn(
    system,
    (count: number, message: Message) => {
      switch (message.type) {
        case "add":
          return count + message.by;
        case "get":
          dispatch(message.asker, count);
          return count;
      }
    },
    "counter",
    { initialState: 0 },
  );
}

function count(ref: Ref<Message>): Promise<number> {
  return query(ref, (asker: Ref<number>): Message => ({ type: "get", asker }), ASK_TIMEOUT_MS);
}

/** Its mailbox has no bound. */
export function tell(): Contender {
  const system = start();
  const ref = counter(system);
  let expected = 0;
  return {
    async run() {
      for (let sent = 0; sent < TELLS; sent++) dispatch(ref, ADD);
      expected += TELLS;
      verify(await count(ref), expected);
      return TELLS;
    },
    close: () => stop(system),
  };
}

/** With the same timeout as ours. */
export function ask(): Contender {
  const system = start();
  const ref = counter(system);
  dispatch(ref, ADD);
  return {
    async run() {
      let answers = 0;
      for (let asked = 0; asked < ASKS; asked++) answers += await count(ref);
      verify(answers, ASKS);
      return ASKS;
    },
    close: () => stop(system),
  };
}

/** The message is the number of hops left. */
export function ring(): Contender {
  const system = start();
  let arrived = () => {};
  const refs: Ref<number>[] = Array.from(
    { length: RING },
    (_, index) =>
      spawn(
        system,
        (passed: number, hops: number) => {
          const next = refs[(index + 1) % RING];
          if (hops === 0 || next === undefined) arrived();
          else dispatch(next, hops - 1);
          return passed + 1;
        },
        `link-${index}`,
        { initialState: 0 },
      ),
  );
  return {
    async run() {
      const done = new Promise<void>((resolve) => arrived = resolve);
      const [first] = refs;
      if (first !== undefined) dispatch(first, HOPS);
      await done;
      return HOPS;
    },
    close: () => stop(system),
  };
}

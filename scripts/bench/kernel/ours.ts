import {
  type ActorRef,
  ActorSystem,
  type Behavior,
  type Reply,
} from "../../../actors/kernel/mod.ts";
import type { Contender } from "../benchmark.ts";
import { ADD, type Add, ASKS, CAPACITY, HOPS, RING, TELLS, turn, verify } from "./workload.ts";

type Message = Add | { readonly type: "get"; readonly reply: Reply<number> };

const counter: Behavior<Message, number> = {
  init: () => 0,
  receive(count, message) {
    switch (message.type) {
      case "add":
        return count + message.by;
      case "get":
        message.reply.ok(count);
        return count;
    }
  },
};

/** A sender that is told that the mailbox is full lets the actor have a turn. */
export function tell(): Contender {
  const system = new ActorSystem({ mailboxCapacity: CAPACITY });
  const ref = system.spawn("counter", counter);
  let expected = 0;
  return {
    async run() {
      for (let sent = 0; sent < TELLS;) {
        if (ref.tell(ADD) === "accepted") sent++;
        else await turn();
      }
      await turn();
      expected += TELLS;
      verify(await ref.ask((reply) => ({ type: "get", reply })), expected);
      return TELLS;
    },
    close: () => system.stop(),
  };
}

/** With the default timeout of an ask. */
export function ask(): Contender {
  const system = new ActorSystem({ mailboxCapacity: CAPACITY });
  const ref = system.spawn("counter", counter);
  ref.tell(ADD);
  return {
    async run() {
      let answers = 0;
      for (let asked = 0; asked < ASKS; asked++) {
        answers += await ref.ask((reply) => ({ type: "get", reply }));
      }
      verify(answers, ASKS);
      return ASKS;
    },
    close: () => system.stop(),
  };
}

/** The message is the number of hops left. */
export function ring(): Contender {
  const system = new ActorSystem({ mailboxCapacity: CAPACITY });
  const refs: ActorRef<number>[] = [];
  let arrived = () => {};
  const link = (index: number): Behavior<number, number> => ({
    init: () => 0,
    receive(passed, hops) {
      if (hops === 0) arrived();
      else refs[(index + 1) % RING]?.tell(hops - 1);
      return passed + 1;
    },
  });
  for (let index = 0; index < RING; index++) {
    refs.push(system.spawn(`link-${index}`, link(index)));
  }
  return {
    async run() {
      const done = new Promise<void>((resolve) => arrived = resolve);
      refs[0]?.tell(HOPS);
      await done;
      return HOPS;
    },
    close: () => system.stop(),
  };
}

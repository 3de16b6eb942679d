import type {
  ActorRef,
  AnswerTo,
  AskOptions,
  MemberOf,
  MessageOf,
  Reply,
  StopOptions,
  TellResult,
  Terminated,
} from "./actor_ref.ts";
import { PendingAsk } from "./ask.ts";
import type { AskTimeouts } from "./ask_timeouts.ts";
import type { Cancellable } from "./clock.ts";
import type { Inbox } from "./inbox.ts";
import type { StopReason } from "./stop_reason.ts";
import type { Watchers } from "./watchers.ts";

/** How long an ask waits when nothing is said, in ms. */
const DEFAULT_ASK_TIMEOUT_MS = 5_000;

/** What a reference can do to the actor itself. */
export interface Stoppable {
  /** Stops it for good. Never rejects. */
  stop(reason: StopReason, deadlineMs?: number): Promise<void>;
}

/** A reference to an actor in this process. It hides everything of the actor but its address. */
export class LocalRef<Msg> implements ActorRef<Msg> {
  readonly path: string;
  readonly #inbox: Inbox<Msg>;
  readonly #actor: Stoppable;
  readonly #watchers: Watchers;
  readonly #timeouts: AskTimeouts;

  /** The address of the actor that empties that inbox. */
  constructor(inbox: Inbox<Msg>, actor: Stoppable, watchers: Watchers, timeouts: AskTimeouts) {
    this.path = inbox.path;
    this.#inbox = inbox;
    this.#actor = actor;
    this.#watchers = watchers;
    this.#timeouts = timeouts;
  }

  tell(message: Msg): TellResult {
    return this.#inbox.tell(message);
  }

  ask<Message extends Msg, Self extends ActorRef<never>>(
    this: Self,
    build: (reply: Reply<unknown>) => Message,
    options?: AskOptions,
  ): Promise<AnswerTo<MemberOf<MessageOf<Self>, Message>>>;
  ask<R>(build: (reply: Reply<R>) => Msg, options?: AskOptions): Promise<R>;
  ask(build: (reply: Reply<unknown>) => Msg, options?: AskOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timeoutMs = options?.timeoutMs ?? DEFAULT_ASK_TIMEOUT_MS;
      const ask = new PendingAsk(this.#inbox, this.#timeouts, timeoutMs, resolve, reject);
      if (options?.signal !== undefined) ask.abortWith(options.signal);
      try {
        this.#inbox.ask(build(ask), ask);
      } catch (error) {
        ask.reject(error);
      }
    });
  }

  stop(options?: StopOptions): Promise<void> {
    return this.#actor.stop({ type: "requested" }, options?.deadlineMs);
  }

  watch(listener: (terminated: Terminated) => void): Cancellable {
    return this.#watchers.add(listener);
  }

  /** The path, for logs. */
  toString(): string {
    return this.path;
  }
}

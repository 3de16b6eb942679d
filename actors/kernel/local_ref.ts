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
import type { AskTarget } from "./ask.ts";
import type { AskTimeouts } from "./ask_timeouts.ts";
import type { Cancellable } from "./clock.ts";
import type { StopReason } from "./stop_reason.ts";

/** How long an ask waits when nothing is said, in ms. */
const DEFAULT_ASK_TIMEOUT_MS = 5_000;

/** The actor behind a reference. */
export interface Addressee<Msg> extends AskTarget {
  enqueue(message: Msg): TellResult;
  /** Enqueues a message that is asked; ends the ask when it cannot. */
  enqueueAsked(message: Msg, ask: PendingAsk): void;
  stop(reason: StopReason, deadlineMs?: number): Promise<void>;
  watch(listener: (terminated: Terminated) => void): Cancellable;
}

/** A reference to an actor in this process. It hides everything of the actor but its address. */
export class LocalRef<Msg> implements ActorRef<Msg> {
  readonly path: string;
  readonly #actor: Addressee<Msg>;
  readonly #timeouts: AskTimeouts;

  constructor(actor: Addressee<Msg>, timeouts: AskTimeouts) {
    this.path = actor.path;
    this.#actor = actor;
    this.#timeouts = timeouts;
  }

  tell(message: Msg): TellResult {
    return this.#actor.enqueue(message);
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
      const ask = new PendingAsk(this.#actor, this.#timeouts, timeoutMs, resolve, reject);
      if (options?.signal !== undefined) ask.abortWith(options.signal);
      try {
        this.#actor.enqueueAsked(build(ask), ask);
      } catch (error) {
        ask.reject(error);
      }
    });
  }

  stop(options?: StopOptions): Promise<void> {
    return this.#actor.stop({ type: "requested" }, options?.deadlineMs);
  }

  watch(listener: (terminated: Terminated) => void): Cancellable {
    return this.#actor.watch(listener);
  }

  toString(): string {
    return this.path;
  }
}

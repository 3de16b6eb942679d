import type { Reply } from "./actor_ref.ts";
import type { AskTimeouts, TimeoutList } from "./ask_timeouts.ts";
import type { DeadLetterReason } from "./dead_letters.ts";
import { AskAbortedError, AskTimeoutError } from "./errors.ts";

/** What an ask needs to know of the actor that is asked. */
export interface AskTarget {
  /** The actor's path. */
  readonly path: string;
  /** Keeps an answer that reached nobody. */
  deadLetter(message: unknown, reason: DeadLetterReason): void;
}

/** A message in the mailbox that somebody waits for the answer of. */
export class AskedMessage<Msg> {
  /** Puts the two together. */
  constructor(readonly message: Msg, readonly ask: PendingAsk) {}
}

/** One ask under way: the `Reply` in the message, and the asker's side of it. */
export class PendingAsk implements Reply<unknown> {
  /** The asks that the actor has handled but not answered, while this is one of them. */
  unanswered: Set<PendingAsk> | undefined = undefined;
  /** When it times out in the clock's ms, undefined until a tick of the list says so; see AskTimeouts. */
  deadline: number | undefined = undefined;
  /** Where it stands among those with the same timeout. */
  timeoutList: TimeoutList | undefined = undefined;
  /** The one before it in that list. */
  earlier: PendingAsk | undefined = undefined;
  /** The one after it in that list. */
  later: PendingAsk | undefined = undefined;

  readonly #target: AskTarget;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #settled = false;
  #stopListening: (() => void) | undefined = undefined;

  /** Begins, and starts the time. @throws {InvalidOptionError} unless `timeoutMs` is above 0 */
  constructor(
    target: AskTarget,
    timeouts: AskTimeouts,
    readonly timeoutMs: number,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.#target = target;
    this.#resolve = resolve;
    this.#reject = reject;
    timeouts.add(this);
  }

  /** Whether the asker has its answer, or none is waited for any more. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Ends the ask when the asker's signal is aborted. */
  abortWith(signal: AbortSignal): void {
    const onAbort = () => this.reject(new AskAbortedError(this.#target.path, signal.reason));
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#stopListening = () => signal.removeEventListener("abort", onAbort);
  }

  ok(value: unknown): void {
    if (this.#settle()) this.#resolve(value);
    else this.#target.deadLetter(value, "late-reply");
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#reject(error);
    else this.#target.deadLetter(error, "late-reply");
  }

  /** Ends the ask without an answer; nothing when it is over already. */
  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Ends the ask because its time is up. */
  timeOut(): void {
    this.reject(new AskTimeoutError(this.#target.path, this.timeoutMs));
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.timeoutList?.remove(this);
    this.unanswered?.delete(this);
    this.#stopListening?.();
    return true;
  }
}

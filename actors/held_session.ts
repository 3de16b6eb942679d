/**
 * A session that is held for as long as a program needs it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type {
  SessionCloseOptions,
  SessionId,
  SessionSpecInput,
  SessionView,
} from "../model/mod.ts";
import type { SessionsApi } from "./api.ts";
import type { Cancellable, Clock } from "./kernel/mod.ts";

const log = getLogger(["sluice", "session"]);

/** How often a lease is renewed while it lasts. */
const RENEWALS = 3;
/** How long the end of a scope waits for its session to have closed, in ms. */
const PATIENCE_MS = 60_000;

/** What of the sessions it needs. */
type Sessions = Pick<SessionsApi, "open" | "close" | "renew" | "events">;

/**
 * A session that closes with the scope in which it is held.
 *
 * @example
 * ```ts
 * import { loadConfig, Sluice } from "@sluice/sluice";
 *
 * await using sluice = await Sluice.open({ config: await loadConfig() });
 * await using session = await sluice.sessions.hold({ cluster: "dev", resources: { nodes: 2 } });
 * const payload = { kind: "command" as const, command: ["hostname"] };
 * const step = await sluice.jobs.submit({ cluster: "dev", session: session.id, payload });
 * console.log((await sluice.jobs.wait(step.id)).phase);
 * ```
 */
export class HeldSession implements AsyncDisposable {
  /** Its id, which steps name as their `session`. */
  readonly id: SessionId;
  readonly #sessions: Sessions;
  readonly #closing: Partial<SessionCloseOptions>;
  readonly #renewal: Cancellable | undefined;
  readonly #clock: Clock;

  private constructor(
    sessions: Sessions,
    id: SessionId,
    closing: Partial<SessionCloseOptions>,
    renewal: Cancellable | undefined,
    clock: Clock,
  ) {
    this.#sessions = sessions;
    this.id = id;
    this.#closing = closing;
    this.#renewal = renewal;
    this.#clock = clock;
  }

  /**
   * Opens a session and holds it. Where its owner is a lease, that is renewed until it is closed.
   *
   * @param closing How it is closed. Default: the steps that it has come to their ends first.
   */
  static async open(
    sessions: Sessions,
    spec: SessionSpecInput,
    closing: Partial<SessionCloseOptions>,
    clock: Clock,
  ): Promise<HeldSession> {
    const { id } = await sessions.open(spec);
    const { owner } = spec;
    const renewal = owner?.kind === "lease"
      ? every(
        clock,
        owner.seconds * 1000 / RENEWALS,
        () =>
          void sessions.renew(id).catch((error) =>
            log.warn("the lease of session {id} could not be renewed: {error}", { id, error })
          ),
      )
      : undefined;
    return new HeldSession(sessions, id, closing, renewal, clock);
  }

  /** Has it closed, and renews its lease no more. Asking again changes nothing. */
  close(options: Partial<SessionCloseOptions> = this.#closing): Promise<SessionView> {
    this.#renewal?.cancel();
    return this.#sessions.close(this.id, options);
  }

  /**
   * Has it closed, and waits until it is, so that its nodes are given back also where Sluice ends with the same
   * scope. After a minute it waits no longer: a session that has been told to close needs nobody to do so.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const { status } = await this.close();
    if (status === "closed") return;
    const patience = new AbortController();
    const timer = this.#clock.setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      // The feed of a session ends with it.
      for await (const _ of this.#sessions.events(this.id, { signal: patience.signal }));
    } finally {
      timer.cancel();
    }
    if (patience.signal.aborted) {
      log.warn("session {id} was to close, and has not after {seconds} s", {
        id: this.id,
        seconds: PATIENCE_MS / 1000,
      });
    }
  }
}

/** Calls `act` every `ms` until it is cancelled. */
function every(clock: Clock, ms: number, act: () => void): Cancellable {
  let timer: Cancellable;
  const next = () => {
    timer = clock.setTimeout(() => {
      act();
      next();
    }, ms);
  };
  next();
  return { cancel: () => timer.cancel() };
}

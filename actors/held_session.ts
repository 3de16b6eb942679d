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
  readonly #sessions: Pick<SessionsApi, "close" | "renew">;
  readonly #closing: Partial<SessionCloseOptions>;
  readonly #renewal: Cancellable | undefined;

  private constructor(
    sessions: Pick<SessionsApi, "close" | "renew">,
    id: SessionId,
    closing: Partial<SessionCloseOptions>,
    renewal: Cancellable | undefined,
  ) {
    this.#sessions = sessions;
    this.id = id;
    this.#closing = closing;
    this.#renewal = renewal;
  }

  /**
   * Opens a session and holds it. Where its owner is a lease, that is renewed until it is closed.
   *
   * @param closing How it is closed. Default: the steps that it has come to their ends first.
   */
  static async open(
    sessions: Pick<SessionsApi, "open" | "close" | "renew">,
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
    return new HeldSession(sessions, id, closing, renewal);
  }

  /** Has it closed, and renews its lease no more. Asking again changes nothing. */
  close(options: Partial<SessionCloseOptions> = this.#closing): Promise<SessionView> {
    this.#renewal?.cancel();
    return this.#sessions.close(this.id, options);
  }

  /** See {@linkcode HeldSession.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
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

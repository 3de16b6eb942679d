import type { ActorRef } from "./actor_ref.ts";
import type { Clock } from "./clock.ts";
import { NameTakenError, RestartLimitError } from "./errors.ts";
import { GroupRestart } from "./group_restart.ts";
import type { ResolvedOptions, RestartType, SupervisionDecision } from "./options.ts";
import { RestartWindow } from "./restart_window.ts";
import type { StopReason } from "./stop_reason.ts";
import type { TreeNode } from "./tree.ts";

/** What a supervisor can do with a child. */
export interface Child {
  /** Its name among its siblings. */
  readonly name: string;
  /** Where it is in the tree. */
  readonly path: string;
  /** Its address. */
  readonly ref: ActorRef<never>;
  /** When it is started again. */
  readonly restart: RestartType;
  /** Ends its incarnation but keeps the mailbox; `start` begins the next one. Never rejects. */
  end(reason: StopReason): Promise<void>;
  /** Begins the next incarnation, unless the child was stopped meanwhile. */
  start(): void;
  /** Says how long to wait before the restart that follows a failure, in ms. */
  restartDelay(): number;
  /** Reports that it is waiting for its restart. */
  awaitRestart(delayMs: number, error: unknown): void;
  /** Stops it for good. Never rejects. */
  stop(reason: StopReason, deadlineMs?: number): Promise<void>;
  /** What `system.tree()` shows of it. */
  tree(): TreeNode;
}

/** What a supervisor needs of the actor it supervises for. */
export interface SupervisingActor {
  /** Whether it runs: an actor that is ending restarts nobody. */
  readonly supervising: boolean;
  /** Fails the actor itself. */
  escalate(error: unknown): void;
}

/** The children of one incarnation of an actor, and what becomes of them when they fail. */
export class Supervisor {
  /** In the order they were started. */
  readonly #children = new Map<string, Child>();
  readonly #restarts = new Set<GroupRestart>();
  readonly #window: RestartWindow;
  readonly #actor: SupervisingActor;
  readonly #options: ResolvedOptions;
  readonly #clock: Clock;

  /** Has no children yet. */
  constructor(actor: SupervisingActor, options: ResolvedOptions, clock: Clock) {
    this.#actor = actor;
    this.#options = options;
    this.#clock = clock;
    this.#window = new RestartWindow(options.restarts, options.withinMs);
  }

  /** The living children, in the order they were started. */
  get children(): Iterable<Child> {
    return this.#children.values();
  }

  /** The living child of this name. */
  child(name: string): Child | undefined {
    return this.#children.get(name);
  }

  /** Takes on a child. @throws {NameTakenError} when one of its name is alive */
  add(child: Child): void {
    if (this.#children.has(child.name)) throw new NameTakenError(child.path);
    this.#children.set(child.name, child);
  }

  /** Decides about a child that failed and now waits. */
  childFailed(child: Child, error: unknown): void {
    const failed: StopReason = { type: "failed", error };
    if (!this.#actor.supervising) return void child.stop(failed);
    if (this.#isEnding(child)) return;
    let decision: SupervisionDecision;
    try {
      decision = this.#options.decide(error);
    } catch (thrown) {
      return this.#actor.escalate(thrown);
    }
    switch (decision) {
      case "escalate":
        return this.#actor.escalate(error);
      case "stop":
        return void child.stop(failed);
      case "restart":
        if (child.restart === "temporary") return void child.stop(failed);
        return this.#restart(child, error);
    }
  }

  /** Decides about a child that ended itself without failing, and now waits. */
  childFinished(child: Child): void {
    if (!this.#actor.supervising || child.restart !== "permanent") {
      return void child.stop({ type: "finished" });
    }
    if (!this.#isEnding(child)) this.#restart(child, undefined);
  }

  /** Forgets a child that is gone for good. */
  childStopped(child: Child): void {
    this.#children.delete(child.name);
    for (const restart of this.#restarts) restart.leave(child);
  }

  /** Stops all children, the last started first, each after the one before has stopped. */
  async stopAll(): Promise<void> {
    for (const restart of this.#restarts) restart.cancel();
    this.#restarts.clear();
    while (this.#children.size > 0) {
      for (const child of [...this.#children.values()].reverse()) {
        await child.stop({ type: "requested" });
      }
    }
  }

  /** Gives no child any more time. */
  forceAll(): void {
    for (const child of [...this.#children.values()].reverse()) {
      void child.stop({ type: "requested" }, 0);
    }
  }

  #isEnding(child: Child): boolean {
    for (const restart of this.#restarts) if (restart.isEnding(child)) return true;
    return false;
  }

  #restart(failed: Child, error: unknown): void {
    if (!this.#window.allows(this.#clock.now())) {
      const { restarts, withinMs } = this.#options;
      return this.#actor.escalate(new RestartLimitError(failed.path, restarts, withinMs, error));
    }
    const members = this.#affectedBy(failed);
    for (const restart of this.#restarts) {
      for (const member of members) restart.leave(member);
    }
    const restart = new GroupRestart(failed, members, error, this.#clock, () => {
      this.#restarts.delete(restart);
    });
    this.#restarts.add(restart);
    void restart.run();
  }

  #affectedBy(failed: Child): Child[] {
    switch (this.#options.strategy) {
      case "one-for-one":
        return [failed];
      case "all-for-one":
        return [...this.#children.values()];
      case "rest-for-one": {
        const children = [...this.#children.values()];
        return children.slice(children.indexOf(failed));
      }
    }
  }
}

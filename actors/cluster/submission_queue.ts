/**
 * The jobs that wait to be handed over, in the order in which they came, and the requests that carry them.
 *
 * @module
 */

import type { AttemptId, JobSpec } from "../../model/mod.ts";
import type { Errand, JobMessage } from "../job/mod.ts";
import type { ActorRef } from "../kernel/mod.ts";
import type { SessionPlace } from "../../schedulers/mod.ts";

/** A job that waits, as it comes. */
export interface Newcomer {
  /** The attempt at the job. */
  readonly attemptId: AttemptId;
  /** What was asked for. */
  readonly spec: JobSpec;
  /** The session whose step it is, and the job whose cluster it runs on. */
  readonly place: SessionPlace;
  /** Which time this is that the job is handed over; said with what is told of its being taken back. */
  readonly errand: Errand;
  /** Actor of the job. */
  readonly job: ActorRef<JobMessage>;
  /** Whether the scheduler may have it, so that it can no longer be withdrawn. */
  readonly maybeSent: boolean;
}

/** A job that waits. */
export interface Entry extends Newcomer {
  /** Whether it was tried before, so that its directory may hold a lock. */
  readonly tried: boolean;
  /** Number of the request that carried it last; 0 before the first. */
  readonly request: number;
  /** Not to be tried before this time. */
  readonly notBefore: number;
  /** The last wait between two tries, in ms. */
  readonly delayMs: number;
  /** Whether its job has heard from the present request that the scheduler has it. */
  readonly told: boolean;
}

/** A request that has no answer yet. */
export interface SentRequest {
  /** What it carries. */
  readonly attempts: readonly AttemptId[];
  /** When it was made. */
  readonly sentAt: number;
  /** How many jobs it might have held. */
  readonly size: number;
}

/** First wait after a job was postponed, in ms; doubles up to the longest. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/** See the module. */
export class SubmissionQueue {
  /** In the order of arrival. */
  readonly #entries = new Map<AttemptId, Entry>();
  readonly #requests = new Map<number, SentRequest>();
  #made = 0;

  /** How many wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many requests have no answer yet. */
  get underWay(): number {
    return this.#requests.size;
  }

  /** The job that waits. */
  get(attemptId: AttemptId): Entry | undefined {
    return this.#entries.get(attemptId);
  }

  /** Takes a job in, to be tried at once, or has one be tried at once that waits already. */
  add({ attemptId, errand, spec, place, job, maybeSent }: Newcomer): void {
    const request = this.#entries.get(attemptId)?.request ?? 0;
    this.#entries.set(attemptId, {
      attemptId,
      errand,
      spec,
      place,
      job,
      maybeSent,
      tried: maybeSent,
      request,
      notBefore: 0,
      delayMs: 0,
      told: false,
    });
  }

  /** Takes a job out. */
  remove(attemptId: AttemptId): void {
    this.#entries.delete(attemptId);
  }

  /** Whether a request that has no answer yet carries it. */
  isUnderWay({ request }: Entry): boolean {
    return this.#requests.has(request);
  }

  /** Those whose turn it is, the first first. @param most How many at the most. */
  due(now: number, most: number): Entry[] {
    const batch: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (batch.length >= most) break;
      if (entry.notBefore <= now && !this.isUnderWay(entry)) batch.push(entry);
    }
    return batch;
  }

  /** The one whose last try is the longest ago. */
  longestUntried(): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (next === undefined || entry.request < next.request) next = entry;
    }
    return next;
  }

  /** When the first of those is to be tried that are not under way; `undefined` where there is none. */
  nextDueAt(): number | undefined {
    let next: number | undefined;
    for (const entry of this.#entries.values()) {
      if (!this.isUnderWay(entry)) next = Math.min(next ?? Infinity, entry.notBefore);
    }
    return next;
  }

  /** Notes a request, and gives its number. @param size How many jobs it might have held. */
  send(batch: readonly Entry[], sentAt: number, size: number): number {
    const request = ++this.#made;
    for (const entry of batch) {
      this.#entries.set(entry.attemptId, { ...entry, tried: true, request, told: false });
    }
    this.#requests.set(request, {
      attempts: batch.map(({ attemptId }) => attemptId),
      sentAt,
      size,
    });
    return request;
  }

  /** The request, which has its answer now; `undefined` where it had one before, or was given up. */
  answered(request: number): SentRequest | undefined {
    const sent = this.#requests.get(request);
    this.#requests.delete(request);
    return sent;
  }

  /** What a request without an answer carries. */
  carriedBy(request: number): readonly AttemptId[] {
    return this.#requests.get(request)?.attempts ?? [];
  }

  /** Notes that the job has heard that the scheduler has it. */
  noteTold(attemptId: AttemptId): void {
    const entry = this.#entries.get(attemptId);
    if (entry !== undefined) this.#entries.set(attemptId, { ...entry, told: true });
  }

  /** Has a job wait for its next try, ever longer; one that the scheduler is known to have waits for nothing. */
  postpone(attemptId: AttemptId, maybeSent: boolean, now: number): void {
    const entry = this.#entries.get(attemptId);
    if (entry === undefined) return;
    // The scheduler has it, whatever became of the rest of the request.
    if (entry.told) return this.remove(attemptId);
    const delayMs = Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, entry.delayMs * 2));
    this.#entries.set(attemptId, {
      ...entry,
      maybeSent: entry.maybeSent || maybeSent,
      notBefore: now + delayMs,
      delayMs,
    });
  }

  /** Gives up all requests: what they carried may have got through. */
  giveUpRequests(now: number): void {
    for (const { attempts } of this.#requests.values()) {
      for (const attemptId of attempts) this.postpone(attemptId, true, now);
    }
    this.#requests.clear();
  }

  /** Has all be tried at once. */
  hurry(): void {
    for (const entry of this.#entries.values()) {
      this.#entries.set(entry.attemptId, { ...entry, notBefore: 0, delayMs: 0 });
    }
  }
}

/**
 * How a job follows what its payload has to say, and holds back the end of each part until all of that is
 * journaled. Pure.
 *
 * @module
 */

import { nextByte, readMessages, scanFrom, unreadable } from "../../launchers/mod.ts";
import type { LineScan, PlacedMessage } from "../../launchers/mod.ts";
import { attemptId, componentsOf, isFinal } from "../../model/mod.ts";
import type { JobSpec, JobView } from "../../model/mod.ts";
import type { GivenUp, Observation, Sighting } from "../../schedulers/mod.ts";
import type { Facts } from "./facts.ts";
import { JOB_ITSELF } from "./memory.ts";
import type { Sighted } from "./sighted.ts";
import { taskOf } from "./tasks.ts";

/** Which parts of a job send messages: all, or the components of these numbers. */
export type Speakers = "none" | "all" | ReadonlySet<number>;

/** Which parts of a job send messages. */
export function speakersOf(spec: JobSpec): Speakers {
  if (spec.components === undefined) return spec.messages === undefined ? "none" : "all";
  const numbers = componentsOf(spec).flatMap(({ messages }, number) =>
    messages === undefined ? [] : [number]
  );
  return numbers.length === 0 ? "none" : new Set(numbers);
}

function speaks(speakers: Speakers, task: number | undefined): boolean {
  if (speakers === "none") return false;
  return speakers === "all" || (task !== undefined && speakers.has(task));
}

/** Bytes of the file of a part. */
export interface MessagePiece {
  /** Number of the array task. */
  readonly task: number | undefined;
  /** Where they begin. */
  readonly offset: number;
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Where the file ends for good, once that is known. */
  readonly end: number | undefined;
  /** Why what stands before its end cannot be had. */
  readonly trouble?: string;
}

/** A question for the next bytes of a part's file. */
export interface WantedMessages {
  readonly task: number | undefined;
  readonly offset: number;
  readonly over: boolean;
  readonly until?: number | undefined;
}

/** What was said of a part that waits until all its messages are journaled. */
type HeldNews =
  | { readonly kind: "sighted"; readonly observation: Observation; readonly askedAt: number }
  | { readonly kind: "given_up"; readonly given: GivenUp };

/** How a part is followed. */
interface Following {
  readonly scan: LineScan;
  /** Whether its payload has ended, so that what the file has is all that it gets. */
  readonly over: boolean;
  readonly held: readonly HeldNews[];
}

/** How the parts of a job are followed, by their numbers or -1 for the job itself. Need not survive a restart. */
export interface MessageState {
  readonly following: ReadonlyMap<number, Following>;
  /** Parts whose messages are journaled up to their end, and the run that has come to it. */
  readonly drained: ReadonlyMap<number, string>;
}

/** Nothing is followed. */
export const nothingFollowed: MessageState = { following: new Map(), drained: new Map() };

function keyOf(task: number | undefined): number {
  return task ?? JOB_ITSELF;
}

function taskOfKey(key: number): number | undefined {
  return key === JOB_ITSELF ? undefined : key;
}

type Part = Pick<JobView, "phase" | "messagesAt">;

function partOf(view: JobView, task: number | undefined): Part | undefined {
  return task === undefined ? view : taskOf(view, task);
}

function wantedOf(key: number, { scan, over }: Following, until?: number): WantedMessages {
  return { task: taskOfKey(key), offset: nextByte(scan), over, until };
}

/**
 * Follows the parts of the job that run and are not followed yet.
 *
 * @param tasks Numbers of the tasks to look at. Default: all.
 */
export function followRunning(
  state: MessageState,
  speakers: Speakers,
  view: JobView,
  tasks: readonly number[] = view.tasks?.map(({ task }) => task) ?? [],
): { readonly state: MessageState; readonly wanted: readonly WantedMessages[] } {
  if (speakers === "none" || isFinal(view.phase)) return { state, wanted: [] };
  const wanted: WantedMessages[] = [];
  let following: Map<number, Following> | undefined;
  for (const task of view.tasks === undefined ? [undefined] : tasks) {
    const key = keyOf(task);
    const part = partOf(view, task);
    if (part?.phase !== "running" || !speaks(speakers, task)) continue;
    if (state.following.has(key) || state.drained.has(key)) continue;
    const begun = { scan: scanFrom(part.messagesAt ?? 0), over: false, held: [] };
    following ??= new Map(state.following);
    following.set(key, begun);
    wanted.push(wantedOf(key, begun));
  }
  return following === undefined ? { state, wanted } : { state: { ...state, following }, wanted };
}

/** What has been asked for and not been answered: to be asked again of somebody who has forgotten it. */
export function wantedAgain({ following }: MessageState): readonly WantedMessages[] {
  return [...following].map(([key, one]) => wantedOf(key, one));
}

/** The parts that are followed: `undefined` is the job itself. */
export function followedTasks({ following }: MessageState): (number | undefined)[] {
  return [...following.keys()].map(taskOfKey);
}

/** Tells the run of an end from that of another. */
function runOf(sighting: Sighting): string {
  return sighting.kind === "ended" ? `${sighting.state} ${sighting.startedAt ?? ""}` : "";
}

/** What may be heard now of what was said, and what is to be read before the rest of it is. */
export interface Gated<News> {
  readonly news: News;
  readonly state: MessageState;
  readonly wanted: readonly WantedMessages[];
}

/** Holds news of a part back: whatever the file has by now comes first. */
class Gate {
  readonly wanted: WantedMessages[] = [];
  #following: Map<number, Following> | undefined;
  #drained: Map<number, string> | undefined;

  constructor(
    private readonly before: MessageState,
    private readonly speakers: Speakers,
    private readonly view: JobView,
  ) {}

  get state(): MessageState {
    return {
      following: this.#following ?? this.before.following,
      drained: this.#drained ?? this.before.drained,
    };
  }

  /** Whether the end of such a run of the part may be told now. */
  passes(task: number | undefined, run: string): boolean {
    const part = partOf(this.view, task);
    if (part === undefined || isFinal(part.phase) || !speaks(this.speakers, task)) return true;
    return this.state.drained.get(keyOf(task)) === run;
  }

  /** It goes on, or began anew: what was read of it was not all. */
  goesOn(task: number | undefined): void {
    const key = keyOf(task);
    if (this.state.drained.has(key)) {
      this.#drained ??= new Map(this.before.drained);
      this.#drained.delete(key);
    }
    const followed = this.state.following.get(key);
    if (followed === undefined || followed.held.length === 0) return;
    this.#following ??= new Map(this.before.following);
    this.#following.set(key, { ...followed, held: [] });
  }

  hold(task: number | undefined, news: HeldNews): void {
    const key = keyOf(task);
    const before = this.state.following.get(key);
    const scan = before?.scan ?? scanFrom(partOf(this.view, task)?.messagesAt ?? 0);
    // The newest of each kind says all that those before it do.
    const others = before?.held.filter(({ kind }) => kind !== news.kind) ?? [];
    const next = { scan, over: true, held: [...others, news] };
    this.#following ??= new Map(this.before.following);
    this.#following.set(key, next);
    if (before?.over !== true) this.wanted.push(wantedOf(key, next));
  }
}

/** What may be heard of a poll now: not the ends of parts whose messages are not all journaled. */
export function gateSighted<News extends Sighted>(
  state: MessageState,
  speakers: Speakers,
  view: JobView,
  news: News,
): Gated<News> {
  if (speakers === "none") return { news, state, wanted: [] };
  const gate = new Gate(state, speakers, view);
  const present = attemptId(view.id, view.attempt);
  const observations = news.observations.filter((observation) => {
    const { task, sighting } = observation;
    if (observation.attemptId !== present || sighting.kind === "missing") return true;
    if (sighting.kind !== "ended") {
      gate.goesOn(task);
      return true;
    }
    if (gate.passes(task, runOf(sighting))) return true;
    gate.hold(task, { kind: "sighted", observation, askedAt: news.askedAt });
    return false;
  });
  return { news: { ...news, observations }, state: gate.state, wanted: gate.wanted };
}

/** The same of what became of parts that were given up: one that had begun may have had something to say. */
export function gateGivenUp<News extends { readonly given: readonly GivenUp[] }>(
  state: MessageState,
  speakers: Speakers,
  view: JobView,
  news: News,
): Gated<News> {
  if (speakers === "none") return { news, state, wanted: [] };
  const gate = new Gate(state, speakers, view);
  const present = attemptId(view.id, view.attempt);
  const given = news.given.filter((one) => {
    if (one.attemptId !== present || !one.begun || gate.passes(one.task, GIVEN_UP_RUN)) return true;
    gate.hold(one.task, { kind: "given_up", given: one });
    return false;
  });
  return { news: { ...news, given }, state: gate.state, wanted: gate.wanted };
}

const GIVEN_UP_RUN = "given up";

/** Messages of a part, in their order. */
export interface HeardMessages {
  /** Number of the array task. */
  readonly task: number | undefined;
  /** The messages. */
  readonly messages: readonly PlacedMessage[];
}

/** Adds a fact for each message that is not journaled yet. */
export function addMessages(facts: Facts, { task, messages }: HeardMessages): void {
  const part = partOf(facts.view, task);
  if (part === undefined || isFinal(part.phase)) return;
  const { messagesAt = -1 } = part;
  for (const { position, message } of messages) {
    // Why the rest cannot be read stands at the end of what could be.
    const news = position > messagesAt ||
      (position === messagesAt && message.kind === "unreadable");
    if (news) facts.add({ type: "message", task, position, message });
  }
}

/** What follows from pieces of files. */
export interface HeardPieces {
  readonly state: MessageState;
  /** The messages of each part. */
  readonly heard: readonly HeardMessages[];
  /** What is to be asked next, once these are journaled. */
  readonly wanted: readonly WantedMessages[];
  /** What was held back and may be heard then. */
  readonly released: {
    readonly sighted: Sighted | undefined;
    readonly given: readonly GivenUp[];
  };
}

/** Takes pieces of files; those that nobody waits for any more count for nothing. */
export function hearPieces(state: MessageState, pieces: readonly MessagePiece[]): HeardPieces {
  const following = new Map(state.following);
  const drained = new Map(state.drained);
  const heard: HeardMessages[] = [];
  const wanted: WantedMessages[] = [];
  const released: HeldNews[] = [];
  for (const { task, offset, bytes, end, trouble } of pieces) {
    const key = keyOf(task);
    const part = following.get(key);
    // It was asked once more since, as whoever ends is.
    if (part === undefined || nextByte(part.scan) !== offset) continue;
    if ((end !== undefined) !== part.over) continue;
    const over = end !== undefined && offset + bytes.length >= end;
    const { messages, scan } = readMessages(part.scan, bytes, over);
    const told = trouble === undefined
      ? messages
      : [...messages, { position: nextByte(scan), message: unreadable("", trouble) }];
    heard.push({ task, messages: told });
    if (!over) {
      const next = { ...part, scan };
      following.set(key, next);
      wanted.push(wantedOf(key, next, end));
      continue;
    }
    following.delete(key);
    for (const news of part.held) {
      drained.set(
        key,
        news.kind === "sighted" ? runOf(news.observation.sighting) : GIVEN_UP_RUN,
      );
    }
    released.push(...part.held);
  }
  const sighted = released.flatMap((one) => one.kind === "sighted" ? [one] : []);
  return {
    state: { following, drained },
    heard,
    wanted,
    released: {
      sighted: sighted.length === 0 ? undefined : {
        // No later than any of them was seen.
        askedAt: Math.min(...sighted.map(({ askedAt }) => askedAt)),
        observations: sighted.map(({ observation }) => observation),
      },
      given: released.flatMap((one) => one.kind === "given_up" ? [one.given] : []),
    },
  };
}

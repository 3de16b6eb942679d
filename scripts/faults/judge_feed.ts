/**
 * What a feed told live, judged by the history and by the files themselves. Pure.
 *
 * @module
 */

import type { Finding, Wrong } from "./judge.ts";

/** An event as a feed told it. */
export interface ToldEvent {
  readonly id: number;
  readonly jobId: string;
  readonly index: number;
  /** All of it as text, to be compared. */
  readonly text: string;
}

/** What is known of the events of some jobs. */
export interface FeedEvidence {
  /** What the live feed told, in the order in which it came. */
  readonly live: readonly ToldEvent[];
  /** What a replay of the whole history told afterwards, in order. */
  readonly replay: readonly ToldEvent[];
  /** How many events the history of each job has, as the job itself is shown. */
  readonly counts: ReadonlyMap<string, number>;
}

function finding(wrong: Wrong, subject: string, text: string): Finding {
  return { wrong, subject, text };
}

/** Repetitions and disorder within what one feed told. */
function withinItself(name: string, events: readonly ToldEvent[]): Finding[] {
  const ids = new Set<number>();
  const places = new Set<string>();
  let last = 0;
  return events.flatMap(({ id, jobId, index }) => {
    const place = `${jobId}#${index}`;
    const found: Finding[] = [];
    if (ids.has(id)) found.push(finding("eventsRepeated", place, `${name}: event ${id} again`));
    else if (places.has(place)) {
      found.push(finding("eventsRepeated", place, `${name}: a second event in its place`));
    } else if (id < last) {
      found.push(finding("eventsRepeated", place, `${name}: event ${id} after ${last}`));
    }
    ids.add(id);
    places.add(place);
    last = Math.max(last, id);
    return found;
  });
}

/** Gaps in what one feed told of each job, which must have as many events as the job says. */
function gaps(
  name: string,
  events: readonly ToldEvent[],
  counts: ReadonlyMap<string, number>,
): Finding[] {
  const byJob = Map.groupBy(events, ({ jobId }) => jobId);
  return [...counts].flatMap(([jobId, count]) => {
    const indexes = new Set((byJob.get(jobId) ?? []).map(({ index }) => index));
    return Array.from({ length: count }, (_, index) => index + 1)
      .filter((index) => !indexes.has(index))
      .map((index) =>
        finding("eventsMissed", `${jobId}#${index}`, `${name}: missing of ${count} events`)
      );
  });
}

/**
 * Judges a live feed of events: each of the history once, in order, with the same words, and the history
 * of each job from 1 without a gap.
 */
export function judgeEvents({ live, replay, counts }: FeedEvidence): Finding[] {
  const history = new Map(replay.map((event) => [event.id, event]));
  const told = new Map(live.map((event) => [event.id, event]));
  const place = ({ jobId, index }: ToldEvent) => `${jobId}#${index}`;
  return [
    ...withinItself("live", live),
    ...withinItself("replay", replay),
    ...gaps("live", live, counts),
    ...gaps("replay", replay, counts),
    ...replay.filter(({ id }) => !told.has(id)).map((event) =>
      finding("eventsMissed", place(event), `event ${event.id} was not told live: ${event.text}`)
    ),
    ...live.flatMap((event) => {
      const past = history.get(event.id);
      if (past === undefined) {
        return [
          finding(
            "eventsMissed",
            place(event),
            `event ${event.id} is not in the history: ${event.text}`,
          ),
        ];
      }
      return past.text === event.text ? [] : [
        finding(
          "eventsMissed",
          place(event),
          `event ${event.id} was told as ${event.text}, and is ${past.text}`,
        ),
      ];
    }),
  ];
}

/** A job's output as a feed told it. */
export interface ToldOutput {
  readonly subject: string;
  /** All that came, in order. */
  readonly told: Uint8Array;
  /** What broke the feed, if anything did. */
  readonly error?: string | undefined;
  /** Whether the feed has come to its end. */
  readonly ended: boolean;
  /** The file on the cluster. */
  readonly file: Uint8Array;
}

/** Judges followed output: every byte of the file once, in order, and then the end. */
export function judgeOutput({ subject, told, error, ended, file }: ToldOutput): Finding[] {
  const different = told.findIndex((byte, index) => byte !== file[index]);
  const name = `output of ${subject}`;
  return [
    ...(error === undefined ? [] : [finding("eventsMissed", name, `the feed broke: ${error}`)]),
    ...(ended || error !== undefined
      ? []
      : [finding("eventsMissed", name, "the feed did not end with the job")]),
    ...(different === -1 && told.length < file.length
      ? [finding("eventsMissed", name, `${told.length} of ${file.length} bytes came`)]
      : []),
    ...(different === -1 ? [] : [
      finding(
        told.length > file.length ? "eventsRepeated" : "eventsMissed",
        name,
        `byte ${different} differs; ${told.length} bytes came of ${file.length}`,
      ),
    ]),
  ];
}

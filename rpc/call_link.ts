/**
 * How the client sends queries and mutations.
 *
 * @module
 */

import type { Operation, TRPCLink } from "@trpc/client";
import { TRPCClientError } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import type { AppRouter } from "./router.ts";

/** Where calls go, and how. */
export interface CallLinkOptions {
  /** The endpoint. */
  readonly url: string;
  /** The headers of every request, asked anew for each. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** Sends a request. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Whether a call is to travel alone. */
  readonly travelsAlone: (operation: Operation) => boolean;
}

/** Most calls that travel in one request. */
const maxBatch = 200;
/** Longest list of procedures in a URL: with the rest of the URL what every proxy takes. */
const maxPathLength = 4_000;

type Outcome = { readonly data: unknown } | { readonly error: TRPCClientError<AppRouter> };

interface Waiting {
  readonly op: Operation;
  readonly settle: (outcome: Outcome) => void;
}

function failure(thrown: unknown): Outcome {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { error: TRPCClientError.from<AppRouter>(error) };
}

/** Calls the function once everything that is ready to run has run. A timer takes milliseconds to do so. */
function soon(run: () => void): void {
  if (typeof setImmediate === "function") setImmediate(run);
  else setTimeout(run);
}

/** The calls in groups of which each fits into one request. */
function* inGroups(calls: readonly Waiting[]): Generator<Waiting[]> {
  let group: Waiting[] = [];
  let length = 0;
  for (const call of calls) {
    length += call.op.path.length + 1;
    if (group.length === maxBatch || length > maxPathLength) {
      yield group;
      group = [];
      length = call.op.path.length + 1;
    }
    group.push(call);
  }
  if (group.length > 0) yield group;
}

/** A signal that is aborted when every one of the calls is given up; none where one cannot be. */
function allGivenUp(calls: readonly Waiting[]): AbortSignal | null {
  const [first] = calls;
  if (calls.length === 1 && first !== undefined) return first.op.signal ?? null;
  const signals = calls.flatMap(({ op: { signal } }) => signal ? [signal] : []);
  if (signals.length < calls.length) return null;
  const all = new AbortController();
  let open = signals.length;
  for (const signal of signals) {
    signal.addEventListener("abort", () => --open === 0 && all.abort(), { once: true });
  }
  return all.signal;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** What became of a call, from its part of the answer. */
function outcomeOf(answer: unknown, response: Response): Outcome {
  const meta = { response };
  if (isObject(answer) && "result" in answer && isObject(answer.result)) {
    return { data: "data" in answer.result ? answer.result.data : undefined };
  }
  if (isObject(answer) && "error" in answer && isObject(answer.error)) {
    return { error: TRPCClientError.from(answer, { meta }) };
  }
  return { error: TRPCClientError.from(new Error("The answer is none of a server."), { meta }) };
}

/**
 * Sends the calls of one turn of the event loop together, each in the form of tRPC's own links. Those wait
 * for a timer before they send, which takes longer than a call, and try every length of a batch.
 */
export function callLink(options: CallLinkOptions): TRPCLink<AppRouter> {
  const post = async (calls: readonly Waiting[]): Promise<void> => {
    const paths = calls.map(({ op }) => op.path).join(",");
    const inputs = calls.map(({ op }) => op.input);
    const [only] = inputs;
    const batch = calls.length > 1;
    try {
      // Everything is sent as POST, with the input in the body: 3,000 calls do not fit into a URL.
      const response = await options.fetch(`${options.url}/${paths}${batch ? "?batch=1" : ""}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...await options.headers() },
        // Without an input nothing is sent: `undefined` is no JSON.
        body: JSON.stringify(batch ? { ...inputs } : only) ?? null,
        signal: allGivenUp(calls),
      });
      const answer: unknown = await response.json();
      for (const [index, { settle }] of calls.entries()) {
        settle(outcomeOf(Array.isArray(answer) ? answer[index] : answer, response));
      }
    } catch (thrown) {
      const failed = failure(thrown);
      for (const { settle } of calls) settle(failed);
    }
  };

  return () => {
    let waiting: Waiting[] = [];
    const send = () => {
      const calls = waiting;
      waiting = [];
      const company: Record<"query" | "mutation", Waiting[]> = { query: [], mutation: [] };
      for (const call of calls) {
        const { type, signal } = call.op;
        if (signal?.aborted === true || type === "subscription") continue;
        if (options.travelsAlone(call.op)) void post([call]);
        else company[type].push(call);
      }
      for (const group of Object.values(company).flatMap((calls) => [...inGroups(calls)])) {
        void post(group);
      }
    };
    return ({ op }) =>
      observable((observer) => {
        let open = true;
        const settle = (outcome: Outcome) => {
          if (!open) return;
          close();
          // Not completed after its value: tRPC would abort something, which takes a tenth of a call.
          if ("data" in outcome) observer.next({ result: { type: "data", data: outcome.data } });
          else observer.error(outcome.error);
        };
        const onAbort = () => settle(failure(op.signal?.reason));
        const close = () => {
          open = false;
          op.signal?.removeEventListener("abort", onAbort);
        };
        op.signal?.addEventListener("abort", onAbort, { once: true });
        if (op.signal?.aborted === true) onAbort();
        else if (waiting.push({ op, settle }) === 1) soon(send);
        return close;
      });
  };
}

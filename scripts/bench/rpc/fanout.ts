import type { z } from "zod";
import type { Row } from "../benchmark.ts";
import { median, quantile, rounded } from "../measure.ts";
import { Child } from "./child.ts";
import { arrivedSchema } from "./protocol.ts";
import type { subscribersQuestionSchema } from "./protocol.ts";
import type { RpcServers } from "./servers.ts";

/** Subscribers of each server. */
const SUBSCRIBERS = 1_000;
/** Events that count. */
const EVENTS = 60;
/** Events before them. */
const WARM_UP = 20;
/** Silence between two events, in ms. */
const GAP_MS = 30;

/**
 * Milliseconds from the moment that an event is given to the journal to its arrival at the last of 1,000
 * subscribers over HTTP; the limit writes the same bytes to 1,000 open streams. They take turns, so that a
 * busy moment of the machine meets both.
 */
export async function fanout(servers: RpcServers): Promise<Row> {
  const { ours, bare, token } = servers;
  await using subscribers = new Child("subscribers.ts", `${SUBSCRIBERS}`, ours, bare, token);
  await subscribers.heard();
  const whole = async (question: z.infer<typeof subscribersQuestionSchema>) =>
    arrivedSchema.parse(await subscribers.ask(question));
  await whole({ feed: "ours", id: 1 });
  await whole({ feed: "bare", id: 0 });
  const taken: { readonly ours: number[]; readonly bare: number[] } = { ours: [], bare: [] };
  for (let round = 1; round <= WARM_UP + EVENTS; round++) {
    const appended = await servers.ask({ do: "append" });
    const arrived = await whole({ feed: "ours", id: appended.id });
    await new Promise((resolve) => setTimeout(resolve, GAP_MS));
    const bytes = arrived.bytes.replace(/^id: .*$/m, `id: ${round}`);
    const written = await servers.ask({ do: "write", id: round, bytes });
    const there = await whole({ feed: "bare", id: round });
    await new Promise((resolve) => setTimeout(resolve, GAP_MS));
    if (round <= WARM_UP) continue;
    taken.ours.push(arrived.at - appended.at);
    taken.bare.push(there.at - written.at);
  }
  return {
    case: `fanout-${SUBSCRIBERS}`,
    unit: "ms",
    better: "lower",
    ours: rounded(median(taken.ours)),
    limit: rounded(median(taken.bare)),
    peers: {},
    figures: { p50: rounded(median(taken.ours)), p99: rounded(quantile(taken.ours, 0.99)) },
  };
}

import type { BenchmarkCase, Contender, Result } from "./benchmark.ts";

/** Rounds that are run but not counted, until the code is compiled. */
const WARM_UP_ROUNDS = 2;

/**
 * Measures all contenders side by side: each round runs every one of them, in an order that rotates, so
 * that a busy moment of the machine meets them all alike. The median of the rounds counts.
 */
export async function measure(
  bench: string,
  benchmarkCase: BenchmarkCase,
  rounds: number,
): Promise<Result> {
  const { name, unit, ours, limit, peers } = benchmarkCase;
  const contenders = [ours, limit, ...Object.values(peers)];
  const rates = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
  try {
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + round + WARM_UP_ROUNDS) % contenders.length];
        if (contender === undefined) continue;
        const start = performance.now();
        const amount = await contender.run();
        const rate = amount / (performance.now() - start) * 1_000;
        if (round >= 0) rates.get(contender)?.push(rate);
      }
    }
  } finally {
    for (const contender of contenders) await contender.close?.();
  }
  const of = (contender: Contender) => Math.round(median(rates.get(contender) ?? []));
  return {
    bench,
    case: name,
    unit,
    ours: of(ours),
    limit: of(limit),
    peers: Object.fromEntries(Object.entries(peers).map(([peer, by]) => [peer, of(by)])),
  };
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return (upper + lower) / 2;
}

import type { Benchmark, Contender, RateCase, Row } from "./benchmark.ts";

/** How often a case is measured. */
export interface Rounds {
  /** Rounds that count; their median is the result. */
  readonly measured: number;
  /** Rounds before them that do not, until the code is compiled and connections stand. */
  readonly warmUp: number;
}

/**
 * Measures all contenders side by side: each round runs every one of them, in an order that rotates, so
 * that a busy moment of the machine meets them all alike. The median of the rounds counts.
 */
export async function measure(rateCase: RateCase, { measured, warmUp }: Rounds): Promise<Row> {
  const { name, unit, ours, limit, peers } = rateCase;
  const contenders = [ours, limit, ...Object.values(peers)];
  const rates = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
  try {
    for (let round = 0; round < warmUp + measured; round++) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + round) % contenders.length];
        if (contender === undefined) continue;
        const start = performance.now();
        const amount = await contender.run();
        const rate = amount / (performance.now() - start) * 1_000;
        if (round >= warmUp) rates.get(contender)?.push(rate);
        await contender.reset?.();
      }
    }
  } finally {
    for (const contender of contenders) await contender.close?.();
  }
  const of = (contender: Contender) => rounded(median(rates.get(contender) ?? []));
  return {
    case: name,
    unit,
    better: "higher",
    ours: of(ours),
    limit: of(limit),
    peers: Object.fromEntries(Object.entries(peers).map(([peer, by]) => [peer, of(by)])),
  };
}

/** Runs cases of rates: each is set up when its turn comes. */
export function rates(
  cases: readonly (() => Promise<RateCase> | RateCase)[],
  rounds: Rounds,
): Benchmark["run"] {
  return async (tell) => {
    for (const setUp of cases) tell(await measure(await setUp(), rounds));
  };
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the given part of the values lies, in between two values where it falls there. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const lower = sorted[Math.floor(place)] ?? NaN;
  const upper = sorted[Math.ceil(place)] ?? NaN;
  return lower + (upper - lower) * (place - Math.floor(place));
}

/** The value with four digits, which is more than any of these measurements is worth. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

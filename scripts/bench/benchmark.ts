/** One side of a comparison. */
export interface Contender {
  /** Does a fixed amount of work once, checks that all of it was done, and says how much it was. */
  run(): Promise<number>;
  /** Clears up after a run, which is not measured. */
  reset?(): Promise<void>;
  /** Lets go of what it holds. */
  close?(): Promise<void> | void;
}

/** The same work done by us, by the least code that could do it at all, and by others. */
export interface RateCase {
  /** Its name within the benchmark. */
  readonly name: string;
  /** What is counted, such as `messages/s`. */
  readonly unit: string;
  /** This repository. */
  readonly ours: Contender;
  /** What cannot be beaten on this machine. */
  readonly limit: Contender;
  /** Others by name. */
  readonly peers: Readonly<Record<string, Contender>>;
}

/** What one case of a benchmark found. */
export interface Row {
  /** The case's name within its benchmark. */
  readonly case: string;
  /** What the numbers count, such as `messages/s` or `ms`. */
  readonly unit: string;
  /** Whether the larger number is the better one, as with rates, or the smaller, as with times. */
  readonly better: "higher" | "lower";
  /** The number of this repository. */
  readonly ours: number;
  /** The number that cannot be beaten on this machine; `null` where there is none. */
  readonly limit: number | null;
  /** The numbers of others, by name. */
  readonly peers: Readonly<Record<string, number>>;
  /** Whatever else was measured of ours, by name, such as `p50` in ms. Default: nothing. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** A row with the benchmark that it is from. */
export interface Result extends Row {
  /** The benchmark's name. */
  readonly bench: string;
}

/** A named set of cases. */
export interface Benchmark {
  /** What it measures, in a line. */
  readonly about: string;
  /** Whether it needs the test cluster, which is brought up if it is down. Default: `false`. */
  readonly onCluster?: boolean;
  /** Runs its cases one after the other, so that none runs beside another, and tells each row. */
  run(tell: (row: Row) => void): Promise<void>;
}

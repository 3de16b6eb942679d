/** One side of a comparison. */
export interface Contender {
  /** Does a fixed amount of work once, checks that all of it was done, and says how much it was. */
  run(): Promise<number>;
  /** Lets go of what it holds. */
  close?(): Promise<void> | void;
}

/** The same work done by us, by the least code that could do it at all, and by others. */
export interface BenchmarkCase {
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

/** A named set of cases. */
export interface Benchmark {
  /** What it measures, in a line. */
  readonly about: string;
  /** How many measured rounds each contender has; the median counts. */
  readonly rounds: number;
  /** Sets the cases up, one after the other, so that no case runs beside another. */
  readonly cases: readonly (() => Promise<BenchmarkCase> | BenchmarkCase)[];
}

/** The medians of one case, in its unit. */
export interface Result {
  /** The benchmark's name. */
  readonly bench: string;
  /** The case's name. */
  readonly case: string;
  /** What is counted. */
  readonly unit: string;
  /** The median of this repository. */
  readonly ours: number;
  /** The median of what cannot be beaten. */
  readonly limit: number;
  /** The medians of others, by name. */
  readonly peers: Readonly<Record<string, number>>;
}

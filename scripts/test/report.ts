/**
 * What came of a group of tests, from the JUnit report that `deno test` writes.
 *
 * @module
 */

/** A test that failed. */
export interface Failure {
  /** Its file and name. */
  readonly test: string;
  /** What it said. */
  readonly message: string;
}

/** How many tests passed and failed, and which were ignored. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** The tests that failed, with what they said. */
  readonly failures: readonly Failure[];
  /** Names of the tests that ignored themselves. */
  readonly ignored: readonly string[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  amp: "&",
};

/** Longest message that is kept of a failure, in characters. */
const MAX_MESSAGE = 4_000;

function unescape(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

/** Counts the test cases of a report. Texts in it are escaped, so a tag is always a tag. */
export function readReport(xml: string): Counts {
  let passed = 0;
  const failures: Failure[] = [];
  const ignored: string[] = [];
  for (const testCase of xml.split("<testcase ").slice(1)) {
    const attribute = (name: string) =>
      unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(testCase)?.[1] ?? `without a ${name}`);
    const failure = /<(failure|error)\b[^>]*>([^<]*)/.exec(testCase);
    if (failure !== null) {
      failures.push({
        test: `${attribute("classname")}: ${attribute("name")}`,
        message: unescape(failure[2] ?? "").trim().slice(0, MAX_MESSAGE),
      });
    } else if (testCase.includes("<skipped")) ignored.push(attribute("name"));
    else passed++;
  }
  return { passed, failed: failures.length, failures, ignored };
}

/**
 * What a run of `deno test` counts as, given its report (`undefined` if it wrote none) and whether it
 * exited with 0: a module that does not load is in no report, and running nothing is no success.
 */
export function judge(xml: string | undefined, success: boolean): Counts {
  const counts = readReport(xml ?? "");
  const ranNothing = counts.passed + counts.failed === 0;
  if (counts.failed === 0 && (!success || ranNothing)) return { ...counts, failed: 1 };
  return counts;
}

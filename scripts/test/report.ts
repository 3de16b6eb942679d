/**
 * What came of a group of tests, from the JUnit report that `deno test` writes.
 *
 * @module
 */

/** How many tests passed and failed, and which were ignored. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
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

function unescape(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

/** Counts the test cases of a report. Texts in it are escaped, so a tag is always a tag. */
export function readReport(xml: string): Counts {
  let passed = 0;
  let failed = 0;
  const ignored: string[] = [];
  for (const testCase of xml.split("<testcase ").slice(1)) {
    if (/<(failure|error)\b/.test(testCase)) failed++;
    else if (testCase.includes("<skipped")) {
      ignored.push(unescape(/\bname="([^"]*)"/.exec(testCase)?.[1] ?? "a test without a name"));
    } else passed++;
  }
  return { passed, failed, ignored };
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

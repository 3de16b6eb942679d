/**
 * Parts of a test that wait at the same time.
 *
 * @module
 */

/** The parts by their names. */
export type Parts = Readonly<Record<string, () => Promise<void>>>;

/** Runs parts of a test side by side. What one of them leaves behind is found at the end of the test. */
export async function runSideBySide(test: Deno.TestContext, parts: Parts): Promise<void> {
  await Promise.all(
    Object.entries(parts).map(([name, fn]) =>
      test.step({
        name,
        fn,
        // Else Deno runs no two steps at a time; it looks for leaks of the test as a whole.
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
      })
    ),
  );
}

/** A test whose parts run side by side, since most of their time they wait for the same clock of Slurm. */
export function sideBySide(name: string, parts: Parts): void {
  Deno.test(name, async (test) => await runSideBySide(test, parts));
}

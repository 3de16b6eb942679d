/**
 * shellcheck over scripts that tests make.
 *
 * @module
 */

import assert from "node:assert/strict";

/** Exit status of the program below where there is no shellcheck. */
const MISSING = 127;

const PROGRAM = 'command -v shellcheck >/dev/null || exit 127; exec shellcheck "$@"';

/**
 * Fails the test where shellcheck finds something in a script. Where shellcheck is not installed, the test says
 * so and passes; but where everything must be tested, as CI tells in its variable, that is a failure too.
 *
 * @param test The test.
 * @param files Paths of the scripts.
 * @param exclude Codes of what is meant, such as `SC2016`.
 */
export async function checkScripts(
  test: Deno.TestContext,
  files: readonly string[],
  exclude: readonly string[],
): Promise<void> {
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", PROGRAM, "sh", `--exclude=${exclude.join(",")}`, ...files],
    stderr: "inherit",
  }).output();
  if (code === MISSING) {
    assert.equal(Deno.env.get("CI"), undefined, "shellcheck is not installed");
    await test.step({ name: "shellcheck is not installed", ignore: true, fn() {} });
    return;
  }
  assert.equal(new TextDecoder().decode(stdout), "");
  assert.equal(code, 0);
}

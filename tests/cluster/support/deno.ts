/**
 * Deno for jobs of the test cluster.
 *
 * @module
 */

import { runScript } from "../../../scripts/testbed/mod.ts";
import { requireTestbed } from "../require.ts";

/** Copies $1 to $2, unless it is there, under its final name only when it is whole. */
const COPY = `set -eu
[ ! -x "$2" ] || exit 0
mkdir -p -- "\${2%/*}"
cp -- "$1" "$2.$$"
chmod 755 -- "$2.$$"
chown -R --reference="\${2%%/.cache/*}" -- "\${2%/sluice-tests/*}"
mv -- "$2.$$" "$2"
`;

/**
 * Path of the Deno that runs the tests, which jobs of the main account can start on every node. It is in the
 * account's cache directory, and kept.
 */
export async function denoOnNodes(): Promise<string> {
  const { home } = await requireTestbed();
  const path = `${home}/.cache/sluice-tests/deno-${Deno.version.deno}`;
  await runScript("copy Deno for the nodes", COPY, [Deno.execPath(), path]);
  return path;
}

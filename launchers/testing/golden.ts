/**
 * Scripts that were looked at, kept as files: a change of one shows as a difference of its file.
 *
 * @module
 */

import assert from "node:assert/strict";
import { checkScripts } from "../../shell/testing/shellcheck.ts";

/** Set to write the expected scripts anew: look at the difference before committing it. */
const REGENERATE = "SLUICE_WRITE_GOLDEN";

/**
 * Tests that each script is the one in its golden file, that every such file is that of a script, and that
 * shellcheck finds nothing in any.
 *
 * @param folder Folder of the golden files, within `launchers/testdata`.
 * @param scripts Makes each script, by the name of its file without `.sh`.
 */
export function goldenScripts(
  folder: string,
  scripts: Readonly<Record<string, () => string>>,
): void {
  const place = new URL(`../testdata/${folder}/`, import.meta.url);
  const golden = (name: string) => new URL(`${name}.sh`, place);

  for (const [name, make] of Object.entries(scripts)) {
    Deno.test(`the script '${folder}/${name}' is the one that was looked at`, async () => {
      const script = make();
      if (Deno.env.get(REGENERATE) !== undefined) {
        await Deno.mkdir(place, { recursive: true });
        await Deno.writeTextFile(golden(name), script);
      }
      assert.equal(script, await Deno.readTextFile(golden(name)));
    });
  }

  Deno.test(`every golden file of '${folder}' is that of a script`, async () => {
    const files = await Array.fromAsync(Deno.readDir(place), ({ name }) => name);
    assert.deepEqual(files.sort(), Object.keys(scripts).map((name) => `${name}.sh`).sort());
  });

  Deno.test(`shellcheck finds nothing in any script of '${folder}'`, async (test) => {
    await checkScripts(
      test,
      Object.keys(scripts).map((name) => golden(name).pathname),
      // Single quotes around '$' are what quoting is for; activation scripts are on the cluster.
      ["SC2016", "SC1090", "SC1091"],
    );
  });
}

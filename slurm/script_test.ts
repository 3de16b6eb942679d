import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { SluiceError } from "../model/mod.ts";
import { isSluiceErrorWith } from "../model/testing/sluice_error.ts";
import { checkScript, scriptDirectives } from "./script.ts";

Deno.test("a script that can run passes", () => {
  checkScript("#!/bin/bash\necho hello\n");
  checkScript("#! /usr/bin/env python3");
  checkScript("#!/bin/sh\nprintf 'a\\rb'\n\r");
});

Deno.test("a script that cannot run is refused for the right reason", () => {
  const scripts = {
    SCRIPT_CRLF: "#!/bin/sh\r\ntrue\r\n",
    SCRIPT_NO_SHEBANG: "echo hello\n",
    SCRIPT_NUL: "#!/bin/sh\necho \0\n",
    SCRIPT_BOM: "\ufeff#!/bin/sh\n",
  };
  for (const [code, script] of Object.entries(scripts)) {
    throws(() => checkScript(script), isSluiceErrorWith(code));
  }
  throws(() => checkScript(""), isSluiceErrorWith("SCRIPT_NO_SHEBANG"));
  throws(() => checkScript("#!\n/bin/sh"), isSluiceErrorWith("SCRIPT_NO_SHEBANG"));
});

Deno.test("the error names the line", () => {
  throws(() => checkScript("#!/bin/sh\ntrue\nfalse\r\n"), /Line 3/);
});

Deno.test("directives are read until the first command", () => {
  const { lines } = scriptDirectives([
    "#!/bin/bash",
    "# a comment",
    "#SBATCH --time=10 --mem 4G",
    "",
    "   # an indented comment",
    "#SBATCH -p debug -N2",
    "  #SBATCH --nodes=9",
    "module load x",
    "#SBATCH --nodes=9",
  ].join("\n"));
  deepEqual(lines, ["#SBATCH --time=10 --mem=4G", "#SBATCH --partition=debug --nodes=2"]);
});

Deno.test("quotes, backslashes and comments are read as sbatch reads them", () => {
  const { lines } = scriptDirectives([
    '#SBATCH --constraint="a b" # not read',
    "#SBATCH --mail-user='o''neill' --licenses=a\\#b",
    "#SBATCH",
  ].join("\n"));
  deepEqual(lines, [
    '#SBATCH "--constraint=a b"',
    '#SBATCH --mail-user=oneill "--licenses=a#b"',
  ]);
});

Deno.test("letters, joined letters and shortened names are read", () => {
  deepEqual(scriptDirectives("#SBATCH -HO -t5 --parti debug --requeue --nice").lines, [
    "#SBATCH --hold --overcommit --time=5 --partition=debug --requeue --nice",
  ]);
});

Deno.test("what Sluice sets itself is left out", () => {
  const { lines, options } = scriptDirectives(
    "#SBATCH -o out.txt --time=5 -J name\n#SBATCH --error err.txt --output=again\n",
  );
  deepEqual(lines, ["#SBATCH --time=5"]);
  deepEqual(options, ["time"]);
});

Deno.test("an array is refused with where it belongs", () => {
  for (
    const line of ["#SBATCH --array=0-9", "#SBATCH -a 0-9", "#SBATCH -a0-9", "#SBATCH --arr 1"]
  ) {
    throws(() => scriptDirectives(line), isSluiceErrorWith("RESERVED_OPTION", "resources.array"));
  }
});

Deno.test("the separators of a heterogeneous job are refused with where its components belong", () => {
  for (const line of ["#SBATCH hetjob", "#SBATCH packjob", "#SBATCH --het-group=0"]) {
    throws(
      () => scriptDirectives(`#!/bin/sh\n#SBATCH -n1\n${line}\n#SBATCH -n2\n`),
      isSluiceErrorWith("RESERVED_OPTION", "`components`"),
    );
  }
});

Deno.test("a directive that sbatch would refuse is refused", () => {
  throws(() => scriptDirectives("#SBATCH --nonsense"), isSluiceErrorWith("UNKNOWN_OPTION"));
  throws(() => scriptDirectives("#SBATCH --mem-"), isSluiceErrorWith("UNKNOWN_OPTION"));
  throws(() => scriptDirectives("#SBATCH -z"), isSluiceErrorWith("UNKNOWN_OPTION"));
  throws(() => scriptDirectives("#SBATCH stray"), isSluiceErrorWith("SCRIPT_DIRECTIVE"));
  throws(() => scriptDirectives('#SBATCH --time="5'), isSluiceErrorWith("SCRIPT_DIRECTIVE"));
  throws(() => scriptDirectives("#SBATCH --time"), isSluiceErrorWith("OPTION_VALUE"));
});

Deno.test("directives that were kept are read again as themselves", () => {
  const word = fc.string({ unit: "grapheme-ascii", minLength: 1 });
  fc.assert(fc.property(word, (value) => {
    const quoted = value.replaceAll(/["\\]/g, "\\$&");
    const { lines } = scriptDirectives(`#SBATCH "--constraint=${quoted}"`);
    deepEqual(scriptDirectives(lines.join("\n")).lines, lines);
    equal(lines.length, 1);
  }));
});

Deno.test("any script gives directives or a typed error", () => {
  const piece = fc.constantFrom(
    "#SBATCH ",
    "--time",
    "=",
    "-p",
    "'",
    '"',
    "\\",
    "#",
    " ",
    "\n",
    "x",
    "--",
    "-",
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    try {
      scriptDirectives("#SBATCH " + pieces.join(""));
    } catch (error) {
      ok(error instanceof SluiceError);
    }
  }));
});

/**
 * Pieces of shell scripts with a placeholder, and what a program must get of its value.
 *
 * @module
 */

import fc from "fast-check";
import { anyText } from "../../shell/testing/any_text.ts";

/** Any value that a program can be given. */
export function value(): fc.Arbitrary<string> {
  return anyText("EOF", "$x", "a\\", "case", "2", "a,b");
}

/** A list of them. */
export function valueList(): fc.Arbitrary<string[]> {
  return fc.array(value(), { maxLength: 5 });
}

/** A piece of a script. */
export interface ScriptCase {
  /** The code with the placeholder in it. */
  readonly code: (placeholder: string) => string;
  /** The value; undefined where there is no placeholder in it. */
  readonly value: string | string[] | undefined;
  /** What it prints, each with a NUL behind it. */
  readonly expected: readonly string[];
}

type Template = readonly [
  code: (placeholder: string) => string,
  expected: (value: string) => string,
];

/** Where any value can stand. */
const anywhere: readonly Template[] = [
  [(x) => `printf '%s\\0' ${x}`, (v) => v],
  [(x) => `printf '%s\\0' a${x}b`, (v) => `a${v}b`],
  [(x) => `printf '%s\\0' {a,${x}`, (v) => `{a,${v}`],
  [(x) => `printf '%s\\0' '${x}'`, (v) => v],
  [(x) => `printf '%s\\0' 'a "${x}" $b'`, (v) => `a "${v}" $b`],
  [(x) => `printf '%s\\0' "${x}"`, (v) => v],
  [(x) => `b=c; printf '%s\\0' "a '${x}' \\" $b"`, (v) => `a '${v}' " c`],
  [(x) => `v=${x}; printf '%s\\0' "$v"`, (v) => v],
  [(x) => `v=a:"${x}":'b'; printf '%s\\0' "$v"`, (v) => `a:${v}:b`],
  [(x) => `printf '%s\\0' "$(printf '%s.' ${x})"`, (v) => `${v}.`],
  [
    (x) => `printf '%s\\0' "<$(printf '%s.' "a $(printf '%s-' 'it''s' '${x}')")>"`,
    (v) => `<a its-${v}-.>`,
  ],
  [(x) => `printf '%s\\0' "$(printf '%s.' "$(printf "%s." "${x}")")"`, (v) => `${v}..`],
  [(x) => `( printf '%s\\0' "$( # it's a comment)\nprintf '%s.' ${x}\n)" )`, (v) => `${v}.`],
  [(x) => `case ${x} in\n  a) ;;\n  *) ;;\nesac; printf '%s\\0' 'a\n'${x}`, (v) => `a\n${v}`],
  [(x) => `f() { printf '%s\\0' "$1"; }; f ${x}`, (v) => v],
  [(x) => `for v in ${x}; do printf '%s\\0' "$v"; done`, (v) => v],
  [(x) => `printf '%s\\0' \\\n  ${x}`, (v) => v],
  [
    (x) => `if [ ${x} = ${x} ]; then printf '%s\\0' yes; fi 2>/dev/null || printf '%s\\0' yes`,
    () => "yes",
  ],
];

/** Where a value of one line can stand that begins with no tab. */
const inDocuments: readonly Template[] = [
  [(x) => `cat <<EOF\n${x}\nEOF\nprintf '\\0'`, (v) => `${v}\n`],
  [(x) => `cat <<EOF\nit's "${x}" \\$x \\\\\nEOF\nprintf '\\0'`, (v) => `it's "${v}" $x \\\n`],
  [(x) => `cat <<'EOF'\n'${x}' $x\nEOF\nprintf '\\0'`, (v) => `'${v}' $x\n`],
  [(x) => `cat <<-EOF\n\t\ta\n\t${x}\n\tEOF\nprintf '\\0'`, (v) => `a\n${v}\n`],
  [(x) => `cat <<"E.1"; cat <<EOF\n${x}\nE.1\n${x}\nEOF\nprintf '\\0'`, (v) => `${v}\n${v}\n`],
  [(x) => `v=b; cat <<EOF\n\${v}${x}$v\nEOF\nprintf '\\0'`, (v) => `b${v}b\n`],
  [(x) => `cat <<EOF\n$(printf '%s.' ${x} "${x}")\nEOF\nprintf '\\0'`, (v) => `${v}.${v}.\n`],
  [(x) => `printf '%s\\0' "$(cat <<EOF\n${x}\nEOF\nprintf .)"`, (v) => `${v}\n.`],
];

/** Code without a placeholder that a scanner may stumble over. */
const between: readonly string[] = [
  "# it's a \"comment` $(",
  ": \\' \\\" \\` \\$ \\# a#b 'a\"b' \"a'b\"",
  'y=${z:-"a b"} y=${y#a} y=${y%%\\/*} y=${#y}',
  ': "${z:-a}" "$#" $# "$$" $$ "$?" \'$\'',
  ': $((1 + 2)) $(( (1) << 2 )) "$((3))"',
  ": `echo a \\`echo b\\``",
  "true && { :; } || (exit 1)",
  "cat <<E >/dev/null\nit's $y \"\nE",
  "cat <<'E' >/dev/null\n`$( \" '\nE",
  ": 2>/dev/null >&2 </dev/null",
];

/** A piece of a script with a value in it. */
export function scriptCase(): fc.Arbitrary<ScriptCase> {
  const filled = (templates: readonly Template[], values: fc.Arbitrary<string>) =>
    fc.tuple(fc.constantFrom(...templates), values).map(([[code, expected], value]) => ({
      code,
      value,
      expected: [expected(value)],
    }));
  const oneLine = value().map((text) => text.replaceAll("\n", " ").replace(/^\t+/, ""))
    .filter((text) => text !== "EOF" && text !== "E.1");
  return fc.oneof(
    { weight: 4, arbitrary: filled(anywhere, value()) },
    { weight: 2, arbitrary: filled(inDocuments, oneLine) },
    {
      weight: 1,
      arbitrary: valueList().map((list) => ({
        code: (x: string) => `for v in ${x}; do printf '%s\\0' "$v"; done`,
        value: list,
        expected: list,
      })),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(...between).map((code) => ({
        code: () => code,
        value: undefined,
        expected: [],
      })),
    },
  );
}

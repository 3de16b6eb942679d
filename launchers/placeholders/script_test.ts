import assert from "node:assert/strict";
import fc from "fast-check";
import { inputsSchema, outputsSchema } from "../../model/mod.ts";
import type { Inputs } from "../../model/mod.ts";
import { PlaceholderError } from "./errors.ts";
import { filledScript } from "./script.ts";
import type { ShellName } from "./shell_context.ts";
import { Values } from "./values.ts";
import { goldenScripts } from "../testing/golden.ts";
import { scriptCase, value, valueList } from "../testing/placeholder_cases.ts";

const SHELLS = ["sh", "dash", "bash", "ksh", "zsh"] as const;

async function present(shell: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${shell}`] })
    .output();
  return success;
}

function fill(script: string, inputs: Inputs = {}, outputs: readonly string[] = []): string {
  return filledScript(
    script,
    new Values({
      inputs: inputsSchema.parse(inputs),
      outputs: outputsSchema.parse(Object.fromEntries(outputs.map((name) => [name, {}]))),
    }),
  );
}

function refused(script: string, inputs: Inputs, code: string, words: RegExp = /./): void {
  assert.throws(() => fill(script, inputs), (error: unknown) => {
    assert.ok(error instanceof PlaceholderError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    assert.notEqual(error.next, "");
    return true;
  }, script);
}

async function run(shell: string, script: string, cwd?: string) {
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$0" /dev/stdin', shell],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(cwd === undefined ? {} : { cwd }),
  }).spawn();
  const writer = child.stdin.getWriter();
  // A shell that has found an error reads no further.
  await writer.write(new TextEncoder().encode(script)).then(() => writer.close()).catch(() => {});
  const { stdout, stderr, code } = await child.output();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), code };
}

for (const shell of SHELLS) {
  Deno.test({
    name: `whatever a value is and wherever it stands, the program gets exactly it (${shell})`,
    ignore: !await present(shell),
    async fn() {
      const cases = fc.array(scriptCase(), { minLength: 1, maxLength: 30 });
      await fc.assert(
        fc.asyncProperty(cases, async (all) => {
          const inputs = Object.fromEntries(
            all.flatMap(({ value }, index) =>
              value === undefined ? [] : [[`it's ${index}`, value]]
            ),
          );
          const script = [
            `#!/bin/${shell}`,
            ...all.map(({ code }, index) => code(`{inputs.it's ${index}}`)),
            "",
          ].join("\n");
          const filled = fill(script, inputs);
          const { stdout, stderr, code } = await run(shell, filled);
          assert.equal(stderr, "", filled);
          assert.equal(code, 0);
          assert.deepEqual(
            stdout.split("\0").slice(0, -1),
            all.flatMap(({ expected }) => expected),
            filled,
          );
        }),
        { numRuns: 30 },
      );
    },
  });

  // ksh itself never comes to an end with some nonsense.
  if (shell === "ksh") continue;
  Deno.test({
    name: `whatever the script, a value runs nothing (${shell})`,
    ignore: !await present(shell),
    async fn() {
      await using directory = await temporary();
      await runsNothing(shell, directory.path);
    },
  });
}

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "sluice-placeholders-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Scripts put together at random, most of them nonsense to the shell, with values that run something if they can. */
async function runsNothing(shell: ShellName, directory: string): Promise<void> {
  // deno-fmt-ignore
  const token = fc.constantFrom(
    "'", '"', "\\", "$(", ")", "`", "${a", "${a:-", "}", "{", "<<E\n", "<<-E\n", "<<'E'\n", "\nE\n", "#", " ", " ",
    "\n", "\n", "a", "echo ", "((", "))", "$((", "$'", "$", ";", " case ", " in ", "|", "&", "(", "[[ ", " ]]", " -eq ",
    "[ ", " ]", "=", "1", "\t", "$a", "@(", "a[", "]", "<<<", "$\"", "for x in ", "; do ", "; done ", "f() ", "!",
    " if ", " then ", " fi ", "\\\n", "$[",
  );
  const piece = fc.oneof({ weight: 3, arbitrary: token }, {
    weight: 1,
    arbitrary: fc.constant("{inputs.v}"),
  });
  const script = fc.array(piece, { minLength: 1, maxLength: 14 }).map((pieces) => pieces.join(""));
  const payload = fc.constantFrom("$(>ran)", "`>ran`", ";>ran;", "\n>ran\n", "|>ran", "a[$(>ran)]");
  const breaker = fc.constantFrom("", "'", '"', "\\", "')", '")', "}", "\nE\n", "E", "))", "2");
  const hostile = fc.tuple(breaker, payload, breaker).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(script, hostile, async (template, v) => {
      fc.pre(template.includes("{inputs.v}"));
      const text = `#!/bin/${shell}\na=1\n${template}\n`;
      let filled: string;
      try {
        filled = fill(text, { v });
      } catch (error) {
        assert.ok(error instanceof PlaceholderError, String(error));
        return;
      }
      await run(shell, filled, directory);
      const left = await Array.fromAsync(Deno.readDir(directory), ({ name }) => name);
      assert.ok(!left.includes("ran"), filled);
    }),
    { numRuns: 150 },
  );
}

Deno.test("a script of another interpreter stays as it is", () => {
  const script = "#!/usr/bin/env python3\nprint(f'{inputs.x} {{inputs.x}}')\n";
  assert.equal(fill(script), script);
  assert.equal(
    fill("#!/usr/bin/env -S bash -l\necho {inputs.x}\n", { x: "a" }).includes("'a'"),
    true,
  );
});

Deno.test("braces that are no placeholder stay, and double ones are the characters themselves", () => {
  const script = "#!/bin/sh\nf() { echo ${a} {a,b} {input.x} {inputs.} {{inputs.x}}; }\n";
  assert.equal(fill(script), script.replace("{{inputs.x}}", "{inputs.x}"));
  assert.equal(fill("#!/bin/sh\necho '{inputs.x'\n"), "#!/bin/sh\necho '{inputs.x'\n");
});

Deno.test("what stands in a comment stays as it is", () => {
  const script =
    "#!/bin/sh\n# for {inputs.no}\necho a # it's {inputs.no}\n#SBATCH -J {inputs.no}\n";
  assert.equal(fill(script), script);
});

Deno.test("a line that sbatch reads as it stands takes no value", () => {
  for (const name of ["n", "no"]) {
    const script =
      `#!/bin/sh\n\n#SBATCH --mem=1G\n#SBATCH --ntasks={inputs.${name}}\necho {inputs.n}\n`;
    assert.throws(() => fill(script, { n: 2 }), (error: unknown) => {
      assert.ok(error instanceof PlaceholderError);
      assert.equal(error.code, "PLACEHOLDER_MISPLACED");
      assert.match(error.message, /^Line 4 of the script has `\{inputs\./);
      assert.match(error.next, /resources/);
      return true;
    });
  }
});

Deno.test("numbers and booleans are written as JSON writes them", () => {
  const script = "#!/bin/sh\necho {inputs.n} {inputs.b} {inputs.list}\n";
  assert.equal(
    fill(script, { n: 1.5e30, b: false, list: [1, "a b", true] }),
    "#!/bin/sh\necho '1.5e+30' 'false' '1' 'a b' 'true'\n",
  );
});

Deno.test("a file is its path on the cluster, wherever it stands", async () => {
  const inputs: Inputs = { f: { file: "/here/it's $x.csv" }, far: { text: "", to: "/s/a b" } };
  const script = [
    "#!/bin/sh",
    "printf '%s\\n' {inputs.f} \"{inputs.far}\" '{outputs.o}'",
    "cat <<EOF",
    "{inputs.f} {outputs.o}",
    "EOF",
  ].join("\n");
  const { stdout } = await run(
    "sh",
    `SLUICE_JOB_DIRECTORY='/jobs/a b' SLURM_ARRAY_TASK_ID=3\n${fill(script, inputs, ["o"])}`,
  );
  const [f, o] = ["/jobs/a b/inputs/it's $x.csv", "/jobs/a b/outputs/o.3"];
  assert.equal(stdout, [f, "/s/a b", o, `${f} ${o}`, ""].join("\n"));
  refused("#!/bin/sh\ncat <<'E'\n{inputs.f}\nE\n", inputs, "PLACEHOLDER_MISPLACED");
});

Deno.test("an unknown name is refused with the line and the names that there are", () => {
  refused(
    "#!/bin/sh\n\necho {inputs.y}\n",
    { x: 1 },
    "UNKNOWN_PLACEHOLDER",
    /^Line 3 .*`{inputs.y}`/,
  );
  refused("#!/bin/sh\necho {outputs.x}\n", { x: 1 }, "UNKNOWN_PLACEHOLDER");
  refused("#!/bin/sh\necho {inputs.constructor}\n", {}, "UNKNOWN_PLACEHOLDER");
});

Deno.test("a list is refused where it is not a word by itself", () => {
  for (
    const word of [
      '"{inputs.x}"',
      "'{inputs.x}'",
      "a{inputs.x}",
      "{inputs.x}a",
      "x={inputs.x}",
      ">{inputs.x}",
    ]
  ) {
    refused(`#!/bin/sh\necho ${word}\n`, { x: ["a", "b"] }, "PLACEHOLDER_LIST");
  }
  assert.match(fill("#!/bin/bash\na=({inputs.x})\n", { x: ["a", "b"] }), /\('a' 'b'\)/);
});

Deno.test("where a value cannot be put for sure it is refused", () => {
  const places = [
    "echo `echo {inputs.x}`",
    "echo $'a {inputs.x}'",
    "echo ${y:-{inputs.x}}",
    "echo ${inputs.x}",
    'echo "${inputs.x}"',
    "echo $(({inputs.x} + 1))",
    "((y = {inputs.x}))",
    "echo \\{inputs.x}",
    'echo "\\{inputs.x}"',
    "y=$(case a in a) echo {inputs.x};; esac)",
    "alias l=ls\necho {inputs.x}",
    "declare -i n\nn={inputs.x}",
    "cat <<E\n$y{inputs.x}\nE",
    "cat <<E\n\\{inputs.x}\nE",
    "cat <<E\n`echo {inputs.x}`\nE",
    "cat <<E\na\\\n{inputs.x}\nE",
    "cat <<$y\n{inputs.x}\nE",
    "echo {inputs.x} 'not closed",
    "echo {inputs.x}\ncat <<E\nnot ended",
    "eval echo {inputs.x}",
    "eval echo {inputs.x} $[1]",
    "[[ {inputs.x}$[1] -eq 1 ]]",
    "trap 'rm {inputs.x}' EXIT",
    "sh -c 'echo {inputs.x}'",
    "ssh there cat {inputs.x}",
    "\\ssh there cat {inputs.x}",
    "srun bash <<E\necho {inputs.x}\nE",
    "cat <<'E' | ssh there\necho {inputs.x}\nE",
    "\\ssh there <<E\necho {inputs.x}\nE",
    "ssh \\\n  there <<E\necho {inputs.x}\nE",
    "cat <<E |\necho {inputs.x}\nE\nssh there",
    "if [[ a == a && {inputs.x} -gt 3 ]]; then :; fi",
    "test {inputs.x} -eq 3",
    "let y={inputs.x}",
  ];
  for (const place of places) {
    refused(`#!/bin/bash\n${place}\n`, { x: "a[$(id)]" }, "PLACEHOLDER_MISPLACED", /^Line \d+/);
  }
  refused("#!/bin/sh\ncat <<E\n{inputs.x}\nE\n", { x: "a\nb" }, "PLACEHOLDER_MISPLACED");
  refused("#!/bin/sh\ncat <<'E'\n{inputs.x}\nE\n", { x: "a\nb" }, "PLACEHOLDER_MISPLACED");
  refused("#!/bin/sh\ncat <<END\nEN{inputs.x}\nEND\n", { x: "D" }, "PLACEHOLDER_MISPLACED");
  refused("#!/bin/sh\ncat <<-E\n\t{inputs.x}\nE\n", { x: "\ta" }, "PLACEHOLDER_MISPLACED");
  refused("#!/bin/zsh\nsetopt RC_QUOTES\necho {inputs.x}\n", { x: "a" }, "PLACEHOLDER_MISPLACED");
});

Deno.test("harmless values and numbers go where others may not", () => {
  assert.match(fill("#!/bin/bash\ntrap 'rm {inputs.x}' EXIT\n", { x: "a.txt" }), /'rm ''a\.txt'''/);
  assert.match(fill("#!/bin/bash\n[[ {inputs.x} -gt 3 ]]\n", { x: "5" }), /\[\[ '5' -gt/);
  assert.match(fill("#!/bin/bash\nsh -c 'echo \"$1\"' sh {inputs.x}\n", { x: "a b" }), /'a b'/);
  assert.match(fill('#!/bin/bash\nsh -c \'echo "$1"\' sh "{inputs.x}"\n', { x: "a b" }), /'a b'/);
});

Deno.test("scripts as people write them are followed", () => {
  const script = `#!/bin/bash
set -euo pipefail
# Don't panic
module load gcc/12 && echo "it's loaded"
for ((i = 0; i < \${#names[@]}; i++)); do echo "\${names[$i]}"; done
name=\${1:-"a default"}; base=\${name##*/}; stem=\${base%.*}; path=\${name//\\//_}
if [[ $name =~ ^[a-z]+(x|y)$ ]]; then echo "match: \${BASH_REMATCH[1]}"; fi
case "$name" in
  a|b) echo 'one' ;;
  *) echo "other $(( 1 << 2 ))" ;;
esac
total=$(awk '{ sum += $1 } END { print sum }' <(sort "$name") | tr -d '\\n')
cat > job.conf <<-EOF
	name = $name
	it's "quoted" \\$HOME
	EOF
python3 - <<'PY'
print("it's {python}")
PY
while read -r line; do echo "$line" >&2; done < "$name" &
wait $!
srun prog --a={inputs.x}\\
  --b={inputs.x} \\
  -- "$name"
declare -A map=([a]='1' ["b c"]="2")
echo {inputs.x} "\${map[a]}" '{inputs.x}' "<{inputs.x}>" $(echo "{inputs.x}")
`;
  assert.match(
    fill(script, { x: "v w" }),
    /echo 'v w' "\$\{map\[a\]\}" '''v w''' "<"'v w'">" \$\(echo ""'v w'""\)/,
  );
});

Deno.test("lists and values of any length are told apart by words", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(valueList(), { maxLength: 8 }), value(), async (lists, last) => {
      const inputs: Inputs = Object.fromEntries(lists.map((list, index) => [String(index), list]));
      const script = [
        "#!/bin/sh",
        `set -- ${lists.map((_, index) => `{inputs.${index}}`).join(" ")} {inputs.last}`,
        "printf '%s\\0' \"$@\"",
      ].join("\n");
      const { stdout } = await run("sh", fill(script, { ...inputs, last }));
      assert.deepEqual(stdout.split("\0").slice(0, -1), [...lists.flat(), last]);
    }),
    { numRuns: 40 },
  );
});

Deno.test("any text is either filled in or refused with a typed error", () => {
  const text = fc.array(
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("{inputs.x}", "'", '"', "$(", "`", "<<E", "\n"),
    ),
  ).map((parts) => parts.join("").replaceAll("\0", ""));
  fc.assert(fc.property(text, fc.constantFrom(...SHELLS), (body, shell) => {
    try {
      fill(`#!/bin/${shell}\n${body}`, { x: "a'b" });
    } catch (error) {
      assert.ok(error instanceof PlaceholderError, String(error));
    }
  }));
});

goldenScripts("placeholders", {
  "everywhere": () =>
    fill(
      `#!/bin/bash
#SBATCH --time=5
# {inputs.text} is left in comments
echo {inputs.text} "<{inputs.text}>" '<{inputs.text}>' '{{inputs.text}}'
for each in {inputs.list}; do echo "$each"; done
total=$(printf '%s\\n' {inputs.text} "$(cat "{inputs.file}")")
cat >config <<EOF
text = {inputs.text}, file = {inputs.file}, total = $total
EOF
cat >>config <<'END'
count = {inputs.count}
END
cp config {outputs.config}
`,
      {
        text: 'it\'s $HOME `id` \\ "q"',
        list: ["a b", "-n"],
        count: 3,
        file: { file: "/here/a 'b'.csv" },
      },
      ["config"],
    ),
});

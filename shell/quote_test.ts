import assert from "node:assert/strict";
import fc from "fast-check";
import { commandLine, quote, UnquotableError } from "./mod.ts";
import { anyText } from "./testing/any_text.ts";

const word = anyText("~root", "=ls", "!!");

/** How shells are told to read commands from standard input. */
const SHELLS: readonly (readonly [string, ...string[]])[] = [
  ["sh", "-s"],
  ["dash", "-s"],
  ["bash", "--norc", "-s"],
  ["bash", "--posix", "-s"],
];

async function present(shell: string): Promise<boolean> {
  try {
    return (await new Deno.Command(shell, { args: ["-c", "exit 0"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What the shell makes of the line, fed to it as a script. */
async function run([shell, ...args]: readonly [string, ...string[]], line: string) {
  const child = new Deno.Command(shell, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${line}\n`));
  await writer.close();
  const { stdout, stderr, code } = await child.output();
  return {
    stdout: new TextDecoder().decode(stdout),
    stderr: new TextDecoder().decode(stderr),
    code,
  };
}

for (const shell of SHELLS) {
  Deno.test({
    name: `every value reaches a command unchanged (${shell.join(" ")})`,
    ignore: !await present(shell[0]),
    async fn() {
      await fc.assert(
        fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 40 }), async (words) => {
          const line = commandLine(["printf", "%s\\000", ...words]);
          const { stdout, stderr, code } = await run(shell, line);
          assert.equal(stderr, "");
          assert.equal(code, 0);
          assert.deepEqual(stdout.split("\0").slice(0, -1), words);
        }),
        { numRuns: 60 },
      );
    },
  });

  Deno.test({
    name: `a quoted command inside a quoted command is still exact (${shell.join(" ")})`,
    ignore: !await present(shell[0]),
    async fn() {
      await fc.assert(
        fc.asyncProperty(word, async (value) => {
          const inner = commandLine(["printf", "%s", value]);
          const middle = commandLine(["sh", "-c", inner]);
          const { stdout, stderr } = await run(shell, `eval ${quote(` ${middle}`)}`);
          assert.equal(stderr, "");
          assert.equal(stdout, value);
        }),
        { numRuns: 40 },
      );
    },
  });
}

Deno.test("harmless values stay readable, others are set in quotes", () => {
  assert.equal(quote("sbatch"), "sbatch");
  assert.equal(quote("/home/ada/run.sh"), "/home/ada/run.sh");
  assert.equal(quote("n[1-4]"), "'n[1-4]'");
  assert.equal(quote(""), "''");
  assert.equal(quote("it's"), `'it'\\''s'`);
  assert.equal(quote("A=b"), "'A=b'");
  assert.equal(commandLine(["echo", "two words", "plain"]), "echo 'two words' plain");
});

Deno.test("a NUL character is refused, since no command can carry it", () => {
  assert.throws(() => quote("a\0b"), UnquotableError);
  assert.throws(() => commandLine(["echo", "\0"]), UnquotableError);
});

Deno.test("no value is left unquoted that holds anything but harmless characters", () => {
  fc.assert(fc.property(word, (value) => {
    const quoted = quote(value);
    if (quoted === value) assert.match(value, /^[A-Za-z0-9_%+,.:@/-]+$/);
    else assert.match(quoted, /^'[^]*'$/);
  }));
});

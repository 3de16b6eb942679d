import assert from "node:assert/strict";
import { SHELLS } from "../testing/shells.ts";
import { aliveProgram } from "./start_program.ts";

/** A program that never asks for its children, so that those that have ended stay known to the system. */
class Neglecting implements AsyncDisposable {
  private constructor(
    private readonly process: Deno.ChildProcess,
    /** Number of the session that it has started. */
    readonly session: number,
  ) {}

  /** @param script Run by the session's first process. */
  static async start(script: string): Promise<Neglecting> {
    const process = new Deno.Command("sh", {
      args: ["-c", 'setsid sh -c "$1" & exec sleep 600', "sh", `echo $$; ${script}`],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let told = "";
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      told += text;
      if (told.includes("\n")) break;
    }
    return new Neglecting(process, Number.parseInt(told, 10));
  }

  async [Symbol.asyncDispose]() {
    // The session's first process is none of this one's group.
    for (const process of [`-${this.session}`, String(this.process.pid)]) {
      await new Deno.Command("kill", { args: ["-s", "KILL", "--", process] }).output();
    }
    await this.process.status;
  }
}

/** What the program says of a session. */
async function told(shell: string, session: number): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(shell, {
    args: ["-c", aliveProgram([session])],
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

for (const shell of SHELLS) {
  Deno.test(`a session whose processes have ended is gone, though nobody has asked for them (${shell})`, async () => {
    await using neglecting = await Neglecting.start("read -r line </dev/null");
    const { session } = neglecting;
    for (;;) {
      const answer = await told(shell, session);
      if (answer === `${session} gone\n`) break;
      assert.equal(answer, `${session} alive\n`);
    }
  });

  Deno.test(`a session lives as long as any of its processes, whoever began it (${shell})`, async () => {
    await using first = await Neglecting.start("exec >&-; exec sleep 600");
    assert.equal(await told(shell, first.session), `${first.session} alive\n`);
    await using other = await Neglecting.start("sleep 600 >&- & exit");
    for (let look = 0; look < 3; look++) {
      assert.equal(await told(shell, other.session), `${other.session} alive\n`);
    }
  });
}

import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { quote } from "../shell/mod.ts";
import {
  CommandTimeoutError,
  HostClosedError,
  OutputTooLargeError,
  ShellLostError,
  ShellStartError,
} from "./errors.ts";
import type { Host } from "./host.ts";
import { openLocal } from "./local/mod.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/**
 * Whether a process that was killed ends; one that nobody has waited for yet (a zombie) has. The system
 * ends it when it next gives it a turn, so it is asked more than once.
 */
async function ends(host: Host, processId: number): Promise<boolean> {
  for (let asked = 0; asked < 500; asked++) {
    const { stdout } = await host.run(`ps -o stat= -p ${processId}`);
    if (text(stdout) === "" || text(stdout).startsWith("Z")) return true;
    await delay(10);
  }
  return false;
}

const SHELLS = ["sh", "dash", "bash --posix", "bash"];

function shellTest(name: string, body: (host: Host) => Promise<void>, prelude = "") {
  for (const command of SHELLS) {
    Deno.test(`${name} (${command})`, async () => {
      await using host = await openLocal({ shell: { command, login: false, prelude } });
      await body(host);
    });
  }
}

shellTest("a command gives its output, its errors and its status", async (host) => {
  const result = await host.run("echo out; echo err >&2; exit 3");
  assert.equal(text(result.stdout), "out\n");
  assert.equal(text(result.stderr), "err\n");
  assert.equal(result.exitCode, 3);
});

shellTest("output is exact to the byte: no newline added, every byte value kept", async (host) => {
  const result = await host.run(
    `printf 'no newline'; printf '\\000\\377\\036\\012' >&2; i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %o $i)"; i=$((i+1)); done`,
  );
  const expected = new Uint8Array(10 + 256);
  expected.set(new TextEncoder().encode("no newline"));
  for (let value = 0; value < 256; value++) expected[10 + value] = value;
  assert.deepEqual(result.stdout, expected);
  assert.deepEqual(result.stderr, Uint8Array.of(0, 255, 30, 10));
});

shellTest("output can be read as it comes, however large it is", async (host) => {
  const arrived: number[] = [];
  let bytes = 0;
  const result = await host.run("head -c 3000000 /dev/zero; echo err >&2; exit 3", {
    maxOutputBytes: 1_000_000,
    onStdout: (chunk) => {
      arrived.push(chunk.length);
      bytes += chunk.length;
    },
  });
  assert.equal(bytes, 3_000_000);
  assert.ok(arrived.length > 1, `${arrived.length} pieces`);
  assert.equal(result.stdout.length, 0);
  assert.equal(text(result.stderr), "err\n");
  assert.equal(result.exitCode, 3);
});

shellTest("who fails to read an output ends his own command only", async (host) => {
  const trouble = new Error("cannot read it");
  const failed = host.run("echo one; exec sleep 600", {
    onStdout: () => {
      throw trouble;
    },
  });
  await assert.rejects(failed, trouble);
  assert.equal(text((await host.run("echo two")).stdout), "two\n");
});

shellTest("no command can break the shell for the next one", async (host) => {
  const hostile = [
    "exit 7",
    "exec true",
    "set -e; false",
    "set -u; : $nothing_of_that_name",
    "echo 'unbalanced",
    'echo "unbalanced',
    "if true; then",
    ")",
    "}",
    "case x in",
    "fi; done",
    "cat <<END\nno end",
    "cat",
    "read line",
    "cd /; umask 777; variable=1; trap 'echo trapped' EXIT",
    "-n",
    "exec >/dev/null 2>&1 </dev/null",
    "exec 0<&- 1>&- 2>&-",
    "kill -TERM $(sh -c 'echo $PPID')",
    "echo # a comment",
    "echo \\",
    "set -x; set -v",
    "alias echo=false; unset PATH",
    "__sluice_mark() { :; }",
    "",
    "\n\n",
  ];
  for (const command of hostile) {
    await host.run(command);
    const after = await host.run("echo still $variable here; pwd; umask");
    assert.equal(text(after.stdout).split("\n")[0], "still here", command);
    assert.equal(text(after.stderr), "", command);
  }
  assert.equal(host.openChannels, 1);
});

shellTest("a syntax error is told as the shell tells it", async (host) => {
  const result = await host.run("if true; then");
  assert.notEqual(result.exitCode, 0);
  assert.notEqual(text(result.stderr), "");
});

shellTest("commands of a lane are pipelined and keep their order", async (host) => {
  const results = await Promise.all(
    Array.from({ length: 300 }, (_, index) => host.run(`echo ${index}; echo e${index} >&2`)),
  );
  assert.deepEqual(
    results.map((result) => [text(result.stdout), text(result.stderr)]),
    Array.from({ length: 300 }, (_, index) => [`${index}\n`, `e${index}\n`]),
  );
  assert.equal(host.openChannels, 1);
  assert.equal(host.commandsSent, 300);
});

shellTest("what a command leaves in the background does not hold it up", async (host) => {
  const result = await host.run("sleep 60 & echo started");
  assert.equal(text(result.stdout), "started\n");
});

shellTest("a command that dies of a signal gives 128 plus its number", async (host) => {
  assert.equal((await host.run("sh -c 'kill -KILL $$'")).exitCode, 137);
});

shellTest(
  "the prelude's settings last, its output is discarded and it cannot eat the commands",
  async (host) => {
    const result = await host.run("echo $answer");
    assert.equal(text(result.stdout), "42\n");
    assert.equal(text(result.stderr), "");
    await using stream = await host.stream("echo $answer");
    assert.equal(await new Response(stream.stdout).text(), "42\n");
    assert.equal(await new Response(stream.stderr).text(), "");
  },
  "echo loud; echo LOUD >&2; cat; answer=42; export answer; set -e; set -u",
);

for (
  const [what, prelude, words] of [
    ["fails", "echo no such module >&2; false", /status 1.*\nno such module/s],
    ["ends the shell", "exit 4", /ended with status 4/],
    ["is not valid", "if true; then", /did not start/],
  ] as const
) {
  for (const command of SHELLS) {
    Deno.test(`a prelude that ${what} is an error with its words (${command})`, async () => {
      await using host = await openLocal({ shell: { command, login: false, prelude } });
      const check = (error: unknown) => {
        assert.ok(error instanceof ShellStartError);
        assert.match(error.message, words);
        return true;
      };
      await assert.rejects(host.run("true"), check);
      await assert.rejects(host.stream("true"), check);
      await assert.rejects(host.run("true"), check);
    });
  }
}

Deno.test("a shell that does not exist is an error with the words of the system", async () => {
  await using host = await openLocal({
    shell: { command: "/nonexistent/shell", login: false, prelude: "" },
  });
  await assert.rejects(host.run("true"), (error) => {
    assert.ok(error instanceof ShellStartError);
    assert.match(error.message, /status 127/);
    assert.match(error.stderr, /not found|No such file/);
    return true;
  });
});

shellTest("lanes do not wait for each other", async (host) => {
  const slow = host.run("sleep 60", { lane: "slow", timeoutMs: 60_000 });
  const rejected = assert.rejects(slow, HostClosedError);
  assert.equal(text((await host.run("echo quick", { lane: "quick" })).stdout), "quick\n");
  await host.close();
  await rejected;
});

shellTest("a command that is late is stopped, and those behind it run once", async (host) => {
  const directory = await Deno.makeTempDir();
  try {
    const note = (word: string) => `echo ${word} >> ${quote(`${directory}/notes`)}`;
    // A shell that is still starting would use up the time of the command that is to be late.
    await host.run("true");
    const late = host.run(`${note("late")}; sleep 300`, { timeoutMs: 100 });
    const behind = Array.from({ length: 5 }, (_, index) => host.run(note(`behind${index}`)));
    await assert.rejects(late, (error) => {
      assert.ok(error instanceof CommandTimeoutError);
      assert.equal(error.mayHaveRun, true);
      return true;
    });
    for (const result of await Promise.all(behind)) assert.equal(result.exitCode, 0);
    // Its time may be over before the shell comes to its first word.
    assert.match(
      await Deno.readTextFile(`${directory}/notes`),
      /^(late\n)?behind0\nbehind1\nbehind2\nbehind3\nbehind4\n$/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

shellTest("an aborted command rejects with the signal's reason and is stopped", async (host) => {
  const abort = new AbortController();
  const running = host.run("echo $$; sleep 300", { signal: abort.signal });
  const reason = new Error("enough");
  const rejected = assert.rejects(running, reason);
  await host.run("true", { lane: "other" });
  abort.abort(reason);
  await rejected;
  assert.equal((await host.run("echo next")).exitCode, 0);
  await assert.rejects(host.run("true", { signal: abort.signal }), reason);
});

Deno.test("a command taken back before it is written never runs", async () => {
  await using host = await openLocal();
  const directory = await Deno.makeTempDir();
  const abort = new AbortController();
  const refused = assert.rejects(
    host.run(`touch ${quote(`${directory}/ran`)}`, { signal: abort.signal }),
  );
  abort.abort();
  await refused;
  await host.run("true");
  assert.deepEqual([...Deno.readDirSync(directory)], []);
  await Deno.remove(directory);
});

shellTest(
  "a shell that is killed under a command says that the outcome is unknown",
  async (host) => {
    const killed = host.run("kill -KILL $$");
    const behind = host.run("echo behind");
    await assert.rejects(killed, (error) => {
      assert.ok(error instanceof ShellLostError);
      assert.equal(error.retryable, true);
      return true;
    });
    assert.equal(text((await behind).stdout), "behind\n");
  },
);

shellTest("too much output is an error and the lane goes on", async (host) => {
  await assert.rejects(
    host.run("cat /dev/zero", { maxOutputBytes: 100_000 }),
    OutputTooLargeError,
  );
  await assert.rejects(
    host.run("cat /dev/zero >&2", { maxOutputBytes: 100_000 }),
    OutputTooLargeError,
  );
  const exact = await host.run("head -c 100000 /dev/zero", { maxOutputBytes: 100_000 });
  assert.equal(exact.stdout.length, 100_000);
});

shellTest("a stream carries input, output, errors and status", async (host) => {
  await using stream = await host.stream(`cat; printf '\\\\ "%s" \\377' "it's" >&2; exit 5`);
  const writer = stream.stdin.getWriter();
  const input = Uint8Array.from({ length: 300_000 }, (_, index) => index % 256);
  const writing = writer.write(input).then(() => writer.close());
  const [stdout, stderr] = await Promise.all([
    new Response(stream.stdout).bytes(),
    new Response(stream.stderr).bytes(),
    writing,
  ]);
  assert.deepEqual(stdout, input);
  assert.deepEqual(stderr, Uint8Array.of(...new TextEncoder().encode(`\\ "it's" `), 255));
  assert.equal(await stream.exit, 5);
});

shellTest("closing a stream ends its command and all that the command started", async (host) => {
  const stream = await host.stream("sleep 300 & echo $!; sleep 300");
  const reader = stream.stdout.getReader();
  const child = Number(text((await reader.read()).value ?? new Uint8Array()));
  await stream.close();
  await stream.close();
  assert.ok(await ends(host, child));
  reader.releaseLock();
});

shellTest("a command that has missed the first TERM is asked again, not killed", async (host) => {
  const stream = await host.stream(
    `trap 'trap "echo ended; exit" TERM' TERM; echo ready; while :; do sleep 0.01; done`,
  );
  const reader = stream.stdout.getReader();
  await reader.read();
  const closing = stream.close();
  assert.equal(text((await reader.read()).value ?? new Uint8Array()), "ended\n");
  await closing;
});

shellTest("a command that ignores TERM is killed in the end", async (host) => {
  const stream = await host.stream("trap '' TERM; echo $$; sleep 300; sleep 300");
  const reader = stream.stdout.getReader();
  const shell = Number(text((await reader.read()).value ?? new Uint8Array()));
  await stream.close();
  assert.ok(await ends(host, shell));
});

Deno.test("what is not read is not taken from the command", async () => {
  await using host = await openLocal();
  await using stream = await host.stream("cat /dev/zero");
  const reader = stream.stdout.getReader();
  let read = 0;
  while (read < 10_000_000) read += (await reader.read()).value?.length ?? 0;
  assert.ok(read < 20_000_000);
});

Deno.test("channels are opened six at a time, and everyone gets one in the end", async () => {
  await using host = await openLocal();
  let most = 0;
  const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
    await using stream = await host.stream(`echo ${index}`);
    most = Math.max(most, host.openChannels);
    return await new Response(stream.stdout).text();
  }));
  assert.deepEqual(answers, Array.from({ length: 20 }, (_, index) => `${index}\n`));
  assert.ok(most <= 6);
  assert.equal(host.openChannels, 0);
});

Deno.test("closing the host ends everything and rejects what waits", async () => {
  const host = await openLocal();
  const stream = await host.stream("sleep 300");
  const waiting = assert.rejects(host.run("sleep 300"), HostClosedError);
  const starting = assert.rejects(host.stream("sleep 300"), HostClosedError);
  await host.close();
  await host.close();
  await Promise.all([waiting, starting]);
  await assert.rejects(host.run("true"), HostClosedError);
  await assert.rejects(host.stream("true"), HostClosedError);
  assert.equal(await host.closed, undefined);
  await stream.close();
  assert.equal(host.openChannels, 0);
});

Deno.test("the path of the configuration comes first", async () => {
  const { ShellHost } = await import("./shell_host.ts");
  const { LocalTransport } = await import("./local/local_transport.ts");
  const directory = await Deno.makeTempDir({ prefix: "it's a path " });
  await using host = new ShellHost(new LocalTransport(), { shell: { path: directory } });
  await Deno.writeTextFile(`${directory}/squeue`, "#!/bin/sh\necho mine\n", { mode: 0o755 });
  assert.equal(text((await host.run("squeue")).stdout), "mine\n");
  await Deno.remove(directory, { recursive: true });
});

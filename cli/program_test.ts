import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  FunctionEnvironmentError,
  FunctionJobFailedError,
  NoResultError,
} from "../functions/mod.ts";
import type { JobId } from "../model/mod.ts";
import { allocationJob, jobIdSchema, sessionIdSchema } from "../model/mod.ts";
import { serve } from "../rpc/mod.ts";
import type { FakeSluice } from "../rpc/testing/mod.ts";
import { testToken, withServer } from "../rpc/testing/mod.ts";
import { runProgram } from "./program.ts";
import type { FakeTerminalOptions } from "./testing/fake_terminal.ts";
import { FakeTerminal } from "./testing/fake_terminal.ts";

interface Shell {
  readonly api: FakeSluice;
  /** Runs a command against the server. */
  run(args: readonly string[], options?: FakeTerminalOptions): Promise<Ran>;
  /** A terminal that knows the server. */
  terminal(options?: FakeTerminalOptions): FakeTerminal;
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function withShell(test: (shell: Shell) => Promise<void>): Promise<void> {
  await withServer(async ({ api, server }) => {
    const terminal = (options: FakeTerminalOptions = {}) =>
      new FakeTerminal({
        ...options,
        env: { SLUICE_URL: server.url, SLUICE_TOKEN: testToken, ...options.env },
      });
    await test({
      api,
      terminal,
      run: async (args, options) => {
        const fake = terminal(options);
        const code = await runProgram(args, fake);
        assert.equal(fake.listened, false, "an interrupt handler is left");
        return { code, out: fake.outText, err: fake.errText };
      },
    });
  });
}

async function submitted({ run }: Shell, ...args: string[]): Promise<JobId> {
  const { out } = await run(["submit", ...args, "--", "true"]);
  return jobIdSchema.parse(out.trim());
}

Deno.test("submit sends a command as it is, dashes included, and prints the id", async () => {
  await withShell(async (shell) => {
    const { code, out, err } = await shell.run([
      "submit",
      "-N",
      "2",
      "--label",
      "team=blue",
      "--",
      "/bin/echo",
      "--wait",
      "-N",
      "$HOME",
    ]);
    assert.equal(err, "");
    assert.equal(code, 0);
    const { spec } = await shell.api.jobs.get(jobIdSchema.parse(out.trim()));
    assert.deepEqual(spec.payload, {
      kind: "command",
      command: ["/bin/echo", "--wait", "-N", "$HOME"],
    });
    assert.equal(spec.cluster, "dev");
    assert.equal(spec.name, "echo");
    assert.deepEqual(spec.resources, { nodes: 2 });
    assert.deepEqual(spec.labels, { team: "blue" });
  });
});

Deno.test("submit sends a script with its arguments, from a file or from standard input", async () => {
  await withShell(async ({ api, run }) => {
    const script = "#!/bin/sh\necho hi\n";
    const file = await run(["submit", "/x/train.sh", "a", "--", "-b"], {
      files: { "/x/train.sh": script },
    });
    const fromFile = await api.jobs.get(jobIdSchema.parse(file.out.trim()));
    assert.deepEqual(fromFile.spec.payload, { kind: "script", script, arguments: ["a", "-b"] });
    assert.equal(fromFile.name, "train.sh");
    const stdin = await run(["submit", "-J", "piped", "-"], { stdin: script });
    const fromStdin = await api.jobs.get(jobIdSchema.parse(stdin.out.trim()));
    assert.deepEqual(fromStdin.spec.payload, { kind: "script", script, arguments: [] });
    assert.equal(fromStdin.name, "piped");
  });
});

Deno.test("submit --spec takes a whole job from a file, and what the command line says wins", async () => {
  await withShell(async ({ api, run }) => {
    const text =
      "payload: {kind: command, command: [hostname]}\nresources: {nodes: 2}\nname: two\n";
    const files = { "/x/job.yaml": text };
    const whole = await run(["submit", "--cluster", "dev", "--spec", "/x/job.yaml"], { files });
    const job = await api.jobs.get(jobIdSchema.parse(whole.out.trim()));
    assert.deepEqual(job.spec.payload, { kind: "command", command: ["hostname"] });
    assert.equal(job.name, "two");
    const other = await run(["submit", "--spec", "/x/job.yaml", "-N", "3", "--", "true"], {
      files,
    });
    const { spec } = await api.jobs.get(jobIdSchema.parse(other.out.trim()));
    assert.deepEqual(spec.payload, { kind: "command", command: ["true"] });
    assert.deepEqual([spec.name, spec.resources], ["two", { nodes: 3 }]);
  });
});

for (
  const [what, args, words] of [
    ["nothing to run", ["submit"], /nothing to submit/],
    ["a spec that is not there", ["submit", "--spec", "/no.yaml"], /no.yaml cannot be read/],
    ["a script that is not there", ["submit", "/no.sh"], /cannot be read/],
    ["a script that is not UTF-8", ["submit", "/latin.sh"], /not UTF-8/],
    ["an argument that is not UTF-8", ["submit", "-J", "caf\uFFFD", "--", "a"], /Argument 3/],
    ["a wrong name", ["submit", "-J", "a\nb", "--", "a"], /name: a job name must be/],
    ["an option without a value", ["submit", "-e", "A", "--", "a"], /--env A/],
    ["an unknown option", ["submit", "--frob", "--", "a"], /unknown option '--frob'/],
    ["an unknown command", ["frob"], /unknown command 'frob'/],
    ["a missing id", ["job"], /missing required argument/],
    ["a limit that is no number", ["jobs", "--limit", "many"], /limit/],
    ["output of an array", ["submit", "--follow", "-a", "0-3", "--", "a"], /array/],
    ["output of copies", ["submit", "--follow", "--count", "3", "--", "a"], /array/],
    ["JSON among a job's output", ["submit", "--follow", "--json", "--", "a"], /--json/],
    ["-- where it means nothing", ["jobs", "--", "a"], /`--`/],
    ["a URL that is none", ["jobs", "--url", "ftp://x"], /not the URL/],
  ] as const
) {
  Deno.test(`${what} ends with 2, says why and submits nothing`, async () => {
    await withShell(async ({ api, run }) => {
      const { code, out, err } = await run(args, {
        files: { "/latin.sh": new Uint8Array([35, 33, 0xe9]) },
      });
      assert.equal(code, 2);
      assert.match(err, words);
      assert.equal(out, "");
      assert.deepEqual((await api.jobs.list({ limit: 1 })).jobs, []);
    });
  });
}

Deno.test("help is not an error and tells the exit statuses", async () => {
  await withShell(async ({ run }) => {
    const help = await run(["submit", "--help"]);
    assert.equal(help.code, 0);
    assert.match(help.out, /124 out of time; 130 cancelled/);
    assert.equal((await run(["--help"])).code, 0);
  });
});

Deno.test("submit --wait ends with the job's own status", async () => {
  await withShell(async ({ api, run, terminal }) => {
    const submit = api.jobs.submit;
    Object.assign(api.jobs, {
      submit: async (spec: Parameters<typeof submit>[0]) => {
        const job = await submit(spec);
        queueMicrotask(() => api.end(job.id, 3));
        return job;
      },
    });
    const waited = await run(["submit", "--wait", "--", "false"]);
    assert.equal(waited.code, 3);
    const id = waited.out.trim();
    assert.equal(waited.err, `job ${id} failed (exit status 3)\n`);
    const json = await run(["submit", "--wait", "--json", "--", "false"]);
    assert.deepEqual(
      json.out.trimEnd().split("\n").map((line) => JSON.parse(line).phase),
      ["accepted", "failed"],
    );
    const watched = terminal({ errIsTerminal: true });
    assert.equal(await runProgram(["submit", "--wait", "--", "false"], watched), 3);
    // The progress line is gone before the verdict stands.
    const verdict = watched.errText.split("\r\x1b[K").at(-1);
    assert.match(verdict ?? "", /^job \S+ failed \(exit status 3\)\n$/);
  });
});

Deno.test("submit --follow copies both outputs to the byte, and nothing else to stdout", async () => {
  await withShell(async ({ api, terminal }) => {
    const fake = terminal();
    const out = new Uint8Array([0, 255, 13, 10, 128]);
    const submit = api.jobs.submit;
    Object.assign(api.jobs, {
      submit: async (spec: Parameters<typeof submit>[0]) => {
        const job = await submit(spec);
        api.print(job.id, out);
        api.print(job.id, new TextEncoder().encode("warning\n"), "stderr");
        queueMicrotask(() =>
          api.record(job.id, { type: "ended", phase: "failed", signal: 9, nodes: [] })
        );
        return job;
      },
    });
    assert.equal(await runProgram(["submit", "--follow", "--", "x"], fake), 137);
    assert.deepEqual(fake.outBytes, out);
    assert.match(fake.errText, /^\S+\nwarning\njob \S+ failed \(signal 9\)\n$/);
  });
});

Deno.test("Ctrl-C while waiting leaves the job running and says how to go on", async () => {
  await withShell(async ({ api, terminal }) => {
    const fake = terminal({ errIsTerminal: true });
    fake.onErr = (text) => {
      if (text.includes("accepted")) fake.interrupt();
    };
    assert.equal(await runProgram(["submit", "--follow", "--", "x"], fake), 130);
    const [job] = (await api.jobs.list({ limit: 1 })).jobs;
    assert.equal(job?.phase, "accepted");
    assert.equal(job?.cancelRequested, false);
    assert.match(fake.errText, /The job goes on\./);
    assert.ok(fake.errText.includes(`sluice cancel ${job?.id}`));
    assert.equal(fake.listened, false);
  });
});

Deno.test("a wait outlives the server, and says so where no line can", async () => {
  await withServer(async ({ api, server }) => {
    const env = { SLUICE_URL: server.url, SLUICE_TOKEN: testToken };
    const fake = new FakeTerminal({ env });
    const port = Number(new URL(server.url).port);
    const said = Promise.withResolvers<void>();
    fake.onErr = (text) => {
      if (text.includes("trying again")) said.resolve();
    };
    const code = runProgram(["submit", "--wait", "--", "x"], fake);
    while (api.openFeeds === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    // The feeds end before the port is free again.
    await server.shutdown();
    await said.promise;
    await using _second = serve(api, { token: testToken, port });
    const [job] = (await api.jobs.list({ limit: 1 })).jobs;
    assert.ok(job !== undefined);
    api.end(job.id, 4);
    assert.equal(await code, 4);
  });
});

Deno.test("preview sends nothing", async () => {
  await withShell(async ({ api, run }) => {
    for (const args of [["preview", "--", "a"], ["submit", "--preview", "--", "a"]]) {
      const { code, out } = await run(args);
      assert.equal(code, 0);
      assert.match(out, /sbatch --job-name=a\n/);
    }
    assert.deepEqual((await api.jobs.list({ limit: 1 })).jobs, []);
  });
});

Deno.test("jobs and job print tables for people and JSON lines for scripts", async () => {
  await withShell(async (shell) => {
    const { api, run } = shell;
    const id = await submitted(shell, "-J", "first");
    assert.match((await run(["jobs"])).out, new RegExp(`^ID .*\n${id}  dev .*first`));
    const lines = (await run(["jobs", "--json"])).out.trimEnd().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line).id), [id]);
    assert.match((await run(["job", id])).out, /^name +first$/m);
    assert.equal(JSON.parse((await run(["job", id, "--json"])).out).spec.name, "first");
    api.end(id);
    assert.equal((await run(["jobs", "--json", "--phase", "queued", "running"])).out, "");
    const unknown = await run(["job", "0190a0e0-0000-7000-8000-000000000000"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.err, /^error JOB_NOT_FOUND: .*\nnext: .*\n$/);
  });
});

Deno.test("events of a job end with the job", async () => {
  await withShell(async (shell) => {
    const id = await submitted(shell);
    shell.api.end(id, 3);
    const text = await shell.run(["events", id]);
    assert.equal(text.code, 0);
    assert.match(text.out, /accepted as 'true'\n.*failed \(exit status 3\)\n$/);
    const json = await shell.run(["events", id, "--json", "--after", "1"]);
    assert.deepEqual(JSON.parse(json.out).fact.type, "ended");
  });
});

Deno.test("Ctrl-C ends a feed of events with 130", async () => {
  await withShell(async (shell) => {
    const id = await submitted(shell);
    const fake = shell.terminal();
    const { out } = fake;
    fake.out = async (data) => {
      await out.call(fake, data);
      fake.interrupt();
    };
    assert.equal(await runProgram(["events"], fake), 130);
    assert.ok(fake.outText.includes(id));
  });
});

Deno.test("the command that errors of functions advise is one that there is", async () => {
  await withShell(async (shell) => {
    const { api, run } = shell;
    const id = await submitted(shell);
    api.print(id, new TextEncoder().encode("oops\n"), "stderr");
    const end = { id: jobIdSchema.parse(id), phase: "failed", exitCode: 80 } as const;
    for (const Class of [FunctionEnvironmentError, NoResultError, FunctionJobFailedError]) {
      const advised = /sluice (logs .*)$/.exec(new Class(end).next)?.[1]?.split(" ") ?? [];
      assert.deepEqual(await run(advised), { code: 0, out: "oops\n", err: "" });
    }
  });
});

Deno.test("logs gives the bytes, from where and of what it was asked", async () => {
  await withShell(async (shell) => {
    const { api, run } = shell;
    const id = await submitted(shell);
    api.print(id, new TextEncoder().encode("one\n"));
    api.print(id, new TextEncoder().encode("oops\n"), "stderr");
    assert.equal((await run(["logs", id])).out, "one\n");
    assert.equal((await run(["logs", id, "--stream", "stderr", "--offset", "1"])).out, "ops\n");
    api.end(id);
    assert.equal((await run(["logs", "-f", id])).out, "one\n");
    const json = JSON.parse((await run(["logs", id, "--json"])).out);
    assert.deepEqual(json, { offset: 0, base64: btoa("one\n") });
  });
});

Deno.test("outputs lists what a job has made, and fetches it where it is asked to", async () => {
  const to = await Deno.makeTempDir({ prefix: "sluice-outputs-" });
  try {
    await withShell(async (shell) => {
      const { api, run } = shell;
      const { out } = await run(["submit", "--output", "model", "--output", "t=a=b", "--", "true"]);
      const id = jobIdSchema.parse(out.trim());
      const { spec } = await api.jobs.get(id);
      assert.deepEqual(
        Object.entries(spec.outputs).map(([name, { location }]) => [name, location]),
        [["model", undefined], ["t", "a=b"]],
      );
      api.end(id);
      const none = await run(["outputs", id]);
      assert.equal(none.code, 2);
      assert.match(none.err, /--task/);

      api.outputBytes = new TextEncoder().encode("one\n");
      const sha256 = createHash("sha256").update(api.outputBytes).digest("hex");
      const common = { kind: "file", path: "/there" } as const;
      api.outputs = [
        { ...common, status: "collected", name: "model", bytes: 4, files: 1, sha256 },
        { ...common, status: "missing", name: "other" },
      ];
      const listed = await run(["outputs", id]);
      assert.match(listed.out, /^model +file +collected +4 B +[0-9a-f]{12} +\/there$/m);
      assert.match(listed.out, /^other +file +missing +- +- +\/there$/m);
      const all = await run(["outputs", id, "--to", to], { errIsTerminal: true });
      assert.deepEqual([all.code, all.out], [0, `${to}/model\n`]);
      assert.equal(await Deno.readTextFile(`${to}/model`), "one\n");
      const some = await run(["outputs", id, "other", "--to", to]);
      assert.deepEqual([some.code, some.err], [1, "other is not fetched: missing\n"]);
      assert.equal((await run(["outputs", id, "such", "--to", to])).code, 2);
      assert.equal((await run(["outputs", id, "model"])).code, 2);

      api.outputBytes = new TextEncoder().encode("two\n");
      const changed = await run(["outputs", id, "--to", to]);
      assert.match(changed.err, /is not what it was when the job ended/);
      assert.notEqual(changed.code, 0);
      assert.equal(await Deno.readTextFile(`${to}/model`), "one\n");
    });
  } finally {
    await Deno.remove(to, { recursive: true });
  }
});

Deno.test("cancel asks for each job, tells of each, and goes on after an unknown one", async () => {
  await withShell(async (shell) => {
    const first = await submitted(shell);
    const second = await submitted(shell);
    shell.api.end(second);
    const unknown = "0190a0e0-0000-7000-8000-000000000000";
    const { code, out, err } = await shell.run(["cancel", unknown, first, second]);
    assert.equal(code, 1);
    assert.equal(out, `${first} is being cancelled\n${second} had ended: succeeded\n`);
    assert.match(err, /^error JOB_NOT_FOUND: 0190a0e0/);
  });
});

Deno.test("cancel sends the signal of choice and the grace period, and refuses what is none", async () => {
  await withShell(async (shell) => {
    const id = await submitted(shell);
    const signal = ["--signal", "sigusr1", "--grace", "5"];
    assert.equal((await shell.run(["cancel", ...signal, id])).code, 0);
    const { out } = await shell.run(["events", id, "--json"]);
    const facts = out.trim().split("\n").map((line) => JSON.parse(line).fact);
    assert.deepEqual(facts[1], { type: "cancel_requested", signal: "USR1", graceSeconds: 5 });
    for (const wrong of [["--signal", "NOSUCH"], ["--grace", "5"]]) {
      const { code, err } = await shell.run(["cancel", ...wrong, id]);
      assert.equal(code, 2, wrong.join(" "));
      assert.match(err, /^error INVALID_INPUT: .*(signal|graceSeconds)/);
    }
  });
});

Deno.test("submit takes an idempotency key, a retry policy and a signal before the limit", async () => {
  await withShell(async (shell) => {
    const id = await submitted(
      shell,
      ...["--key", "run 1", "--retry", "3", "--retry-on", "node_failed,preempted"],
      ...["--retry-delay", "0", "--signal-before-limit", "USR2@90"],
    );
    const { spec } = await shell.api.jobs.get(id);
    assert.equal(spec.idempotencyKey, "run 1");
    assert.deepEqual(spec.retry, {
      times: 3,
      on: ["node_failed", "preempted"],
      delaySeconds: 0,
      factor: 2,
      maxDelaySeconds: 600,
    });
    assert.deepEqual(spec.signalBeforeLimit, { signal: "USR2", seconds: 90 });
    const seconds = await submitted(shell, "--signal-before-limit", "30");
    assert.deepEqual((await shell.api.jobs.get(seconds)).spec.signalBeforeLimit, {
      signal: "USR1",
      seconds: 30,
    });
    assert.equal((await shell.run(["submit", "--retry-on", "failed", "--", "true"])).code, 2);
    assert.equal((await shell.run(["submit", "--retry", "often", "--", "true"])).code, 2);
  });
});

Deno.test("resume shows the cluster as it stands then", async () => {
  await withShell(async ({ run }) => {
    assert.match((await run(["resume", "dev"])).out, /^link +up for/m);
    assert.equal(JSON.parse((await run(["resume", "dev", "--json"])).out).name, "dev");
  });
});

Deno.test("clusters lists, shows and probes", async () => {
  await withShell(async ({ run }) => {
    assert.match(
      (await run(["clusters"])).out,
      /^NAME .*\ndev +slurm +login\.example\.org +up +open +0\n$/,
    );
    assert.match((await run(["clusters", "dev"])).out, /^link +up for/m);
    assert.match((await run(["clusters", "dev", "--probe"])).out, /^scheduler +slurm 22\.05\.8$/m);
    assert.equal(JSON.parse((await run(["clusters", "--json"])).out).name, "dev");
    assert.equal((await run(["clusters", "--probe"])).code, 2);
  });
});

Deno.test("a server that does not answer and a wrong token end with 3", async () => {
  await withShell(async ({ run }) => {
    const gone = await run(["jobs", "--url", "http://127.0.0.1:9"]);
    assert.equal(gone.code, 3);
    assert.match(gone.err, /^error UNREACHABLE: .*\nnext: Check that the server runs/);
    const stranger = await run(["jobs"], { env: { SLUICE_TOKEN: "another token altogether" } });
    assert.equal(stranger.code, 3);
    assert.match(stranger.err, /^error UNAUTHORIZED/);
    assert.doesNotMatch(stranger.err, /another token/);
  });
});

Deno.test("the stack of an error is shown on demand only", async () => {
  await withShell(async ({ run }) => {
    assert.doesNotMatch((await run(["submit"])).err, /\n +at /);
    assert.match((await run(["submit", "--debug"])).err, /\n +at /);
  });
});

Deno.test("session open prints the id of a session with all that was asked for", async () => {
  await withShell(async (shell) => {
    const { code, out, err } = await shell.run([
      "session",
      "open",
      ...["-N", "2", "-c", "4", "--time", "1:00:00", "--max-concurrent", "8", "--idle", "60"],
      ...["--lease", "30", "--label", "team=blue", "-J", "held"],
    ]);
    assert.equal(err, "");
    assert.equal(code, 0);
    const { spec } = await shell.api.jobs.get(jobIdSchema.parse(out.trim()));
    assert.equal(spec.name, "held");
    assert.deepEqual(spec.resources, { nodes: 2, cpusPerTask: 4, time: "1:00:00" });
    assert.deepEqual(spec.labels, { team: "blue" });
    assert.deepEqual(spec.payload, {
      kind: "allocation",
      maxConcurrent: 8,
      idleSeconds: 60,
      noticeSeconds: 300,
      onNodeFailure: "continue",
      owner: { kind: "lease", seconds: 30 },
    });
    const both = await shell.run(["session", "open", "--lease", "9", "--owner", spec.name]);
    assert.equal(both.code, 2);
    const wrong = await shell.run(["session", "open", "--on-node-failure", "cry"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /onNodeFailure/);
  });
});

Deno.test("session list, show, renew, close and events tell how a session stands", async () => {
  await withShell(async ({ api, run }) => {
    const id = (await run(["session", "open"])).out.trim();
    assert.match((await run(["session", "list"])).out, new RegExp(`^ID .*\n${id} +dev .*opening`));
    assert.equal(JSON.parse((await run(["session", "list", "--json"])).out).id, id);
    assert.match((await run(["session", "show", id])).out, /^status +opening$/m);
    assert.equal((await run(["session", "renew", id])).out, `${id} is renewed\n`);
    assert.equal((await run(["session", "close", id, "--now"])).out, `${id} closes\n`);
    const session = sessionIdSchema.parse(id);
    api.change(session, { status: "closed" });
    api.end(allocationJob(session));
    assert.equal((await run(["session", "list", "--json"])).out, "");
    assert.match((await run(["session", "list", "--all"])).out, /closed \(asked\)/);
    const events = await run(["session", "events", id]);
    assert.match(events.out, /accepted as 'sluice-session'\n.* closing \(asked\)\n.* succeeded\n$/);
    assert.equal((await run(["session", "show", id.replace(/^...../, "00000")])).code, 1);
  });
});

Deno.test("submit --session makes a step of the session", async () => {
  await withShell(async (shell) => {
    const named = await submitted(shell, "--session", "day");
    assert.equal((await shell.api.jobs.get(named)).spec.session, "day");
    const session = (await shell.run(["session", "open"])).out.trim();
    const step = await submitted(shell, "--session", session);
    const listed = await shell.run(["jobs", "--session", session, "--json"]);
    assert.equal(JSON.parse(listed.out).id, step);
  });
});

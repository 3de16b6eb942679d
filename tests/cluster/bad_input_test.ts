/**
 * What users get wrong, and clusters that are not as they should be.
 */

import assert from "node:assert/strict";
import type { Sluice } from "../../actors/mod.ts";
import type { ErrorInfo, JobSpecInput, LinkView } from "../../model/mod.ts";
import { clientErrorInfo } from "../../rpc/mod.ts";
import type { SluiceClient } from "../../rpc/mod.ts";
import { onCluster } from "../../scripts/testbed/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { Following } from "./support/events.ts";
import { knownThroughProxy } from "./support/known_hosts.ts";
import { pause, until } from "./support/until.ts";
import { DEV, jobSpec, serveOnFreePort, shellJob, TOKEN, Workspace } from "./support/workspace.ts";
import type { ConfigOverrides, JobInput } from "./support/workspace.ts";

const hello: JobInput = shellJob("echo hello", { resources: { memory: 50, time: 1 } });

/** Fails unless the error says what went wrong and what to do about it. */
function assertTold(info: ErrorInfo, code: string | RegExp, words?: RegExp): void {
  const shown = JSON.stringify(info);
  if (typeof code === "string") assert.equal(info.code, code, shown);
  else assert.match(info.code, code, shown);
  assert.ok(info.message.length > 15 && info.next.length > 10, shown);
  if (words !== undefined) assert.match(info.message, words, shown);
}

async function refusal(client: SluiceClient, job: JobSpecInput): Promise<ErrorInfo> {
  const outcome = await client.jobs.submit.mutate(job).then(
    ({ id }) => assert.fail(`accepted as ${id}`),
    (error) => clientErrorInfo(error),
  );
  return outcome;
}

/** Fails where anything of a job is to be found: in the journal, in Slurm or on the cluster's disk. */
async function assertNothingSubmitted(workspace: Workspace, sluice: Sluice): Promise<void> {
  assert.deepEqual((await sluice.jobs.list({ limit: 100 })).jobs, []);
  assert.deepEqual(await workspace.slurmJobs(), []);
  assert.deepEqual(await workspace.remoteFiles(), []);
}

const refusedAtOnce: readonly (readonly [string, Partial<JobSpecInput>, string, RegExp?])[] = [
  ["an unknown cluster", { cluster: "elsewhere" }, "CLUSTER_NOT_FOUND", /elsewhere/],
  ["an unknown option", { options: { "prtition": "gpu" } }, "UNKNOWN_OPTION", /prtition/],
  ["an option that Sluice sets", { options: { comment: "mine" } }, "RESERVED_OPTION", /comment/],
  ["an option without its value", { options: { gres: true } }, "OPTION_VALUE", /gres/],
  [
    "a script with CRLF",
    { payload: { kind: "script", script: "#!/bin/sh\necho a\r\necho b\r\n" } },
    "SCRIPT_CRLF",
    /[Ll]ine 2/,
  ],
  [
    "a shebang with CRLF",
    { payload: { kind: "script", script: "#!/bin/sh\r\necho a\r\n" } },
    "SCRIPT_CRLF",
  ],
  [
    "a script without a shebang",
    { payload: { kind: "script", script: "echo hello\n" } },
    "SCRIPT_NO_SHEBANG",
  ],
  ["a name with a newline", { name: "two\nlines" }, "INVALID_INPUT", /name/],
  ["a name with single quotes", { name: "it's" }, "INVALID_INPUT", /name/],
  ["a name with double quotes", { name: 'say "hi"' }, "INVALID_INPUT", /name/],
  ["a name with a substitution", { name: "$(touch /tmp/pwned)" }, "INVALID_INPUT", /name/],
  ["a name with backticks", { name: "`id`" }, "INVALID_INPUT", /name/],
  ["a name that is no Unicode", { name: "lone \ud800 half" }, "INVALID_INPUT", /name/],
  ["a name read from bytes that are no UTF-8", { name: "caf\ufffd" }, "INVALID_INPUT", /name/],
  ["a time limit of forever", { resources: { time: "forever" } }, "INVALID_TIME_LIMIT", /forever/],
  ["a time limit of nothing", { resources: { time: 0 } }, "INVALID_INPUT", /time/],
  ["memory in furlongs", { resources: { memory: "3 furlongs" } }, "INVALID_MEMORY", /furlongs/],
  ["an array of nothing", { resources: { array: "5-1" } }, "INVALID_ARRAY", /5-1/],
  [
    "a partition that would be two words",
    { resources: { partition: "gpu --uid=0" } },
    "INVALID_INPUT",
    /partition/,
  ],
  ["the option of such parts", { options: { "het-group": 1 } }, "RESERVED_OPTION"],
  [
    "a script with such parts",
    { payload: { kind: "script", script: "#!/bin/sh\n#SBATCH -n1\n#SBATCH hetjob\n:\n" } },
    "RESERVED_OPTION",
  ],
];

Deno.test("what cannot be right is refused at once with a code, the cause and the next step", async (t) => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const { server, client } = serveOnFreePort(sluice);
  await using _ = server;
  for (const [name, part, code, words] of refusedAtOnce) {
    await t.step(name, async () => {
      const bad = { ...jobSpec(hello), ...part };
      assertTold(await refusal(client, bad), code, words);
      const many = await client.jobs.submitMany.mutate({ jobs: [jobSpec(hello), bad] }).then(
        () => assert.fail("accepted"),
        clientErrorInfo,
      );
      assertTold(many, code, words);
    });
  }
  await t.step("bytes that are no UTF-8", async () => {
    const text = JSON.stringify({ ...jobSpec(hello), name: "caf?" });
    const body = new TextEncoder().encode(text);
    body[body.indexOf(0x3f)] = 0xe9;
    const response = await fetch(`${server.url}/rpc/jobs.submit`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body,
    });
    assert.equal(response.status, 400, await response.text());
  });
  await assertNothingSubmitted(workspace, sluice);
});

const refusedBySlurm: readonly (readonly [string, JobInput, string, RegExp])[] = [
  [
    "an unknown partition",
    { ...hello, resources: { partition: "nowhere" } },
    "INVALID_PARTITION",
    /invalid partition specified: nowhere/,
  ],
  [
    "a constraint that no node has",
    { ...hello, resources: { constraint: "abacus" } },
    "INVALID_CONSTRAINT",
    /Invalid feature/,
  ],
  [
    "GPUs of a kind that there is none of",
    { ...hello, options: { gres: "abacus:1" } },
    "INVALID_GRES",
    /Invalid generic resource/,
  ],
  [
    "a dependency on nothing",
    { ...hello, resources: { dependency: "afterwards:1" } },
    "INVALID_DEPENDENCY",
    /dependency/,
  ],
  [
    "a start that is no time",
    { ...hello, resources: { begin: "the day after" } },
    "INVALID_BEGIN",
    /the day after/,
  ],
];

Deno.test("what Slurm refuses fails with Slurm's own words and leaves nothing", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open();
  const jobs = await sluice.jobs.submitMany(refusedBySlurm.map(([, input]) => jobSpec(input)));
  for (const [index, [name, , code, words]] of refusedBySlurm.entries()) {
    const { id } = jobs[index] ?? assert.fail();
    const view = await sluice.jobs.wait(id);
    assert.equal(view.phase, "failed", `${name}: ${JSON.stringify(view)}`);
    assertTold(view.error ?? assert.fail(`${name} has no error`), code, words);
    assert.equal(view.error?.retryable, false);
    assert.equal(view.schedulerId, undefined);
    const { error } = await sluice.jobs.result(id);
    assert.deepEqual(error, view.error);
  }
  assert.deepEqual(await workspace.slurmJobs(), []);
  assert.deepEqual(await workspace.remoteFiles(), []);
});

/** The link once it is neither connecting nor up. */
async function brokenLink(sluice: Sluice): Promise<LinkView> {
  await until("the link has found out", async () => {
    const { status } = (await sluice.clusters.get(DEV)).link;
    return status === "refused" || status === "lost";
  });
  return (await sluice.clusters.get(DEV)).link;
}

/** A cluster that refuses us, or that we refuse: said so once, and not tried again. */
async function refusedLink(
  workspace: Workspace,
  overrides: ConfigOverrides,
  code: string,
  words: RegExp,
): Promise<void> {
  const { facts } = workspace;
  await using proxy = startProxy({ target: { host: facts.host, port: facts.port } });
  await using sluice = await workspace.open({
    ...await knownThroughProxy(workspace, proxy),
    ...overrides,
  });
  const job = await sluice.jobs.submit(jobSpec(hello));
  const link = await brokenLink(sluice);
  assert.ok(link.status === "refused", JSON.stringify(link));
  assertTold(link.error, code, words);
  assert.equal(link.error.retryable, false);
  const { accepted } = proxy;
  assert.equal(accepted, 1);
  // Longer than the first waits before a lost connection is tried again.
  await pause(2_500);
  assert.equal(proxy.accepted, accepted, "what was refused is not tried again");
  await assert.rejects(sluice.clusters.probe(DEV), { code });

  const health = await sluice.system.health();
  assert.equal(health.ok, false);
  const { accepted: taken } = await sluice.jobs.cancel(job.id);
  assert.equal(taken, true);
  const view = await sluice.jobs.wait(job.id);
  assert.equal(view.phase, "cancelled");
  assert.equal(view.schedulerId, undefined);
  assert.deepEqual(await workspace.slurmJobs(), []);
  assert.deepEqual(await workspace.remoteFiles(), []);
}

Deno.test("a wrong key is refused once, and never tried again by itself", async () => {
  await using workspace = await Workspace.make();
  await refusedLink(
    workspace,
    { auth: { keyFile: workspace.facts.keys.unauthorized } },
    "AUTHENTICATION_FAILED",
    /unauthorized/,
  );
});

Deno.test("an unknown host key is refused", async () => {
  await using workspace = await Workspace.make();
  const knownHosts = `${workspace.directory}/empty`;
  await Deno.writeTextFile(knownHosts, "");
  await refusedLink(workspace, { hostKeys: { knownHosts } }, "HOST_KEY_UNKNOWN", /SHA256:/);
});

Deno.test("a changed host key is refused", async () => {
  await using workspace = await Workspace.make();
  const knownHosts = `${workspace.directory}/changed`;
  const other = (await Deno.readTextFile(`${workspace.facts.keys.unauthorized}.pub`)).split(" ");
  await Deno.writeTextFile(knownHosts, `* ${other[0]} ${other[1]}\n`);
  await refusedLink(workspace, { hostKeys: { knownHosts } }, "HOST_KEY_CHANGED", /SHA256:/);
});

Deno.test("a job waits for a refused cluster, and runs once what was refused is mended", async () => {
  await using workspace = await Workspace.make();
  const { facts } = workspace;
  const knownHosts = `${workspace.directory}/known_hosts`;
  await Deno.writeTextFile(knownHosts, "");
  await using sluice = await workspace.open({ hostKeys: { knownHosts } });
  const { id } = await sluice.jobs.submit(jobSpec(hello));
  assert.equal((await brokenLink(sluice)).status, "refused");
  await Deno.copyFile(facts.knownHosts, knownHosts);
  await sluice.clusters.probe(DEV);
  assert.equal((await sluice.jobs.wait(id)).phase, "succeeded");
});

Deno.test("on a full disk a job is told to be waiting for space, and nothing of it is left there", async () => {
  await using workspace = await Workspace.make(({ smallDisks }) => smallDisks.jobs.path);
  await using sluice = await workspace.open();
  await using feed = new Following((signal) => sluice.jobs.events({}, { signal }));
  // What Sluice needs for itself is there before the disk is full.
  const { id: first } = await sluice.jobs.submit(jobSpec(hello));
  assert.equal((await sluice.jobs.wait(first)).phase, "succeeded");
  await onCluster(["sh", "-c", 'rm -rf -- "$1"/*', "sh", `${workspace.remoteDirectory}/jobs`]);
  const before = (await workspace.slurmJobs()).length;

  const filler = workspace.file("filler");
  await onCluster(["sh", "-c", 'cat /dev/zero >"$1"', "sh", filler.path]);
  const [waits, cancelled] = await sluice.jobs.submitMany([jobSpec(hello), jobSpec(hello)]);
  assert.ok(waits !== undefined && cancelled !== undefined);
  await feed.until((events) =>
    [waits, cancelled].every(({ id }) =>
      events.some(({ jobId, fact }) =>
        jobId === id && fact.type === "submitting" && fact.error !== undefined
      )
    )
  );
  const view = await sluice.jobs.get(waits.id);
  assert.equal(view.phase, "submitting");
  assertTold(view.error ?? assert.fail("it has no error"), "DISK_FULL", /full/);
  assert.equal(view.error?.retryable, true);
  assert.equal((await workspace.slurmJobs()).length, before);
  const files = (await workspace.remoteFiles()).filter((path) =>
    /^\/jobs\/[^/]+\/./.test(path.slice(workspace.remoteDirectory.length))
  );
  assert.deepEqual(files, []);

  await sluice.jobs.cancel(cancelled.id);
  assert.equal((await sluice.jobs.wait(cancelled.id)).phase, "cancelled");
  await onCluster(["rm", "-f", filler.path]);
  const { phase, error } = await sluice.jobs.wait(waits.id);
  assert.equal(phase, "succeeded");
  assert.equal(error, undefined);
  assert.equal((await workspace.slurmJobs()).length, before + 1);
});

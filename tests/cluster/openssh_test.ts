/**
 * Hosts over OpenSSH's own client, on a real OpenSSH server.
 */

import assert from "node:assert/strict";
import { type FileEntry, readArchive } from "../../hosts/mod.ts";
import { connect } from "./support/openssh.ts";
import { clusterTest, text, whoAmI } from "./support/ssh.ts";
import { jobSpec, shellJob, Workspace } from "./support/workspace.ts";

clusterTest("openssh: commands run, with their outputs and statuses", async (facts) => {
  await using host = await connect(facts);
  assert.equal(host.label, `${facts.user}@${facts.host}:${facts.port}`);
  assert.equal(await whoAmI(host), facts.user);
  const result = await host.run("echo out; echo err >&2; exit 3");
  assert.deepEqual([text(result.stdout), text(result.stderr), result.exitCode], [
    "out\n",
    "err\n",
    3,
  ]);
  assert.equal((await host.run("sh -c 'kill -s TERM $$'")).exitCode, 128 + 15);
  for (const status of [0, 1, 127, 255]) {
    await using stream = await host.stream(`echo out; echo err >&2; exit ${status}`);
    assert.equal(await new Response(stream.stdout).text(), "out\n");
    assert.equal(await new Response(stream.stderr).text(), "err\n");
    assert.equal(await stream.exit, status);
  }
  await using killed = await host.stream("sh -c 'kill -s KILL $$'; exit $?");
  assert.equal(await killed.exit, 128 + 9);
});

clusterTest("openssh: a command that a signal ends itself has status 255", async (facts) => {
  await using host = await connect(facts);
  await using stream = await host.stream("kill -s KILL $$");
  assert.equal(await stream.exit, 255);
  assert.equal((await host.run("echo still")).exitCode, 0);
});

clusterTest("openssh: every login shell and noisy profiles are coped with", async (facts) => {
  const { csh, noisy } = facts.accounts;
  assert.ok(csh !== undefined, "tcsh is missing");
  for (const account of [csh, noisy]) {
    await using host = await connect(facts, { user: account.name });
    assert.equal(await whoAmI(host), account.name);
    await using stream = await host.stream("echo clean");
    assert.equal(await new Response(stream.stdout).text(), "clean\n");
  }
});

clusterTest("openssh: many megabytes pass through a command to the byte", async (facts) => {
  await using host = await connect(facts);
  const sent = new Uint8Array(24_000_000);
  for (let start = 0; start < sent.length; start += 60_000) {
    crypto.getRandomValues(sent.subarray(start, Math.min(start + 60_000, sent.length)));
  }
  await using stream = await host.stream("cat");
  const writing = ReadableStream.from(
    Array.from({ length: 24 }, (_, n) => sent.subarray(n * 1_000_000, (n + 1) * 1_000_000)),
  ).pipeTo(stream.stdin);
  const received = await new Response(stream.stdout).bytes();
  await writing;
  assert.equal(await stream.exit, 0);
  assert.deepEqual(received, sent);
});

clusterTest("openssh: files go there and back, one and many", async (facts) => {
  await using host = await connect(facts);
  const name = `openssh-${crypto.randomUUID()}`;
  const content = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(content.length * 300);
  for (let start = 0; start < large.length; start += content.length) large.set(content, start);
  const entries: FileEntry[] = Array.from({ length: 300 }, (_, n) => ({
    kind: "file",
    path: `d${n % 7}/file ${n}`,
    content: content.subarray(0, n * 13),
    mode: 0o640,
  }));
  try {
    await host.put(large, `${name}.large`);
    assert.deepEqual(await new Response(await host.get(`${name}.large`)).bytes(), large);
    await host.putFiles(entries, name);
    const found = new Map<string, Uint8Array>();
    for await (const file of readArchive(await host.getArchive(name))) {
      if (file.kind !== "file") continue;
      found.set(file.path, await new Response(ReadableStream.from(file.content)).bytes());
    }
    assert.equal(found.size, entries.length);
    for (const entry of entries) {
      assert.ok(entry.kind === "file");
      assert.deepEqual(found.get(entry.path), entry.content);
    }
  } finally {
    await host.remove(`${name}.large`);
    await host.remove(name, { recursive: true });
  }
});

clusterTest(
  "openssh: more streams than the host allows channels wait for each other",
  async (facts) => {
    await using host = await connect(facts);
    const answers = await Promise.all(Array.from({ length: 24 }, async (_, index) => {
      await using stream = await host.stream(`echo ${index}`);
      return (await new Response(stream.stdout).text()).trim();
    }));
    assert.deepEqual(answers, Array.from({ length: 24 }, (_, index) => String(index)));
  },
);

clusterTest("openssh: a job goes from its submission to its end", async () => {
  await using workspace = await Workspace.make();
  await using sluice = await workspace.open({ transport: "openssh" });
  const { id } = await sluice.jobs.submit(jobSpec(shellJob("echo over openssh; exit 4")));
  let output = "";
  for await (const chunk of sluice.jobs.logs({ jobId: id, stream: "stdout" })) {
    output += text(chunk.bytes);
  }
  assert.equal(output, "over openssh\n");
  const ended = await sluice.jobs.wait(id);
  assert.equal(ended.phase, "failed");
  assert.equal(ended.exitCode, 4);
});

/**
 * Files to and from a host.
 */

import assert from "node:assert/strict";
import { DiskFullError, LinkLostError, readArchive } from "../../hosts/mod.ts";
import type { FileEntry } from "../../hosts/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { clusterTest, connect, connectThrough, untilNoRemains } from "./support/ssh.ts";

clusterTest("a full disk is an error of its own and leaves nothing behind", async (facts) => {
  await using host = await connect(facts);
  const { path, bytes } = facts.smallDisks.hosts;
  const directory = `${path}/hosts-test`;
  await host.makeDirectory(directory);
  try {
    await assert.rejects(host.put(new Uint8Array(bytes + 1), `${directory}/large`), (error) => {
      assert.ok(error instanceof DiskFullError, String(error));
      assert.equal(error.code, "DISK_FULL");
      assert.equal(error.retryable, false);
      assert.ok(error.next.includes(directory));
      assert.match(error.message, /bytes free/);
      return true;
    });
    assert.deepEqual(await host.list(directory), []);
    const space = await host.freeSpace(directory);
    assert.ok(space.totalBytes <= bytes);
  } finally {
    await host.remove(directory, { recursive: true });
  }
});

clusterTest(
  "many files go there and back, and a cut or a full disk leaves none of them",
  async (facts) => {
    await using proxy = startProxy({ target: facts });
    await using host = await connect(facts);
    const entries = (count: number): FileEntry[] =>
      Array.from({ length: count }, (_, n) => ({
        kind: "file",
        path: `d${n % 7}/file ${n}\n`,
        content: new Uint8Array(n * 13).fill(n % 251),
        mode: 0o640,
      }));
    const name = `many-${crypto.randomUUID()}`;
    try {
      await host.putFiles(entries(700), name);
      const found = new Map<string, Uint8Array>();
      for await (const file of readArchive(await host.getArchive(name))) {
        if (file.kind !== "file") continue;
        assert.equal(file.mode, 0o640);
        found.set(file.path, await new Response(ReadableStream.from(file.content)).bytes());
      }
      for (const { path, ...entry } of entries(700)) {
        assert.ok(entry.kind === "file");
        assert.deepEqual(found.get(path), entry.content);
      }
      assert.equal(found.size, 700);
    } finally {
      await host.remove(name, { recursive: true });
    }

    await using cut = await connectThrough(facts, proxy);
    await cut.run("true");
    proxy.setCutAfterBytes({ up: 1_000_000 });
    await assert.rejects(cut.putFiles(entries(2_000), "never-finished"), LinkLostError);
    await untilNoRemains(host);

    const { path, bytes } = facts.smallDisks.hosts;
    const directory = `${path}/hosts-many`;
    await host.makeDirectory(directory);
    try {
      const large = { kind: "file", path: "large", content: new Uint8Array(bytes + 1) } as const;
      await assert.rejects(
        host.putFiles([...entries(5), large], `${directory}/all`),
        DiskFullError,
      );
      assert.deepEqual(await host.list(directory), []);
    } finally {
      await host.remove(directory, { recursive: true });
    }
  },
);

clusterTest("a large file goes there and back in bounded memory", async (facts) => {
  await using host = await connect(facts);
  const size = 40_000_000;
  const chunk = crypto.getRandomValues(new Uint8Array(50_000));
  const name = `large-${crypto.randomUUID()}`;
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(chunk);
      pulled += chunk.length;
      if (pulled >= size) controller.close();
    },
  }, { highWaterMark: 0 });
  await host.put(source, name, { size });
  const stream = await host.get(name);
  const reader = stream.getReader();
  let read = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const at of [0, value.length - 1]) {
      assert.equal(value[at], chunk[(read + at) % chunk.length]);
    }
    read += value.length;
  }
  assert.equal(read, size);
  await host.remove(name);
});

clusterTest("what a reader does not take stays on the host", async (facts) => {
  await using proxy = startProxy({ target: facts });
  await using host = await connectThrough(facts, proxy);
  await using stream = await host.stream("cat /dev/zero");
  const reader = stream.stdout.getReader();
  let read = 0;
  while (read < 5_000_000) read += (await reader.read()).value?.length ?? 0;
  // The window is 2 MiB; sshd and the kernel hold some more.
  await host.run("sleep 0.3");
  assert.ok(proxy.passed.down < read + 8_000_000, String(proxy.passed.down - read));
});

/**
 * Files to and from a host.
 */

import assert from "node:assert/strict";
import { DiskFullError } from "../../hosts/mod.ts";
import { startProxy } from "../faults/tcp_proxy.ts";
import { clusterTest, connect, connectThrough } from "./support/ssh.ts";

clusterTest("a full disk is an error of its own and leaves nothing behind", async (facts) => {
  await using host = await connect(facts);
  const { path, bytes } = facts.smallDisk;
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

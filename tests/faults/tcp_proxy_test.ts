import assert from "node:assert/strict";
import { startProxy } from "./tcp_proxy.ts";

/** A server that sends back what it gets. */
function startEcho() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Promise<void>>();
  const serving = (async () => {
    for await (const connection of listener) {
      const echo = echoAll(connection).catch(() => {}).finally(() => connection.close());
      open.add(echo);
      void echo.then(() => open.delete(echo));
    }
  })();
  return {
    target: { host: "127.0.0.1", port: listener.addr.port },
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
      await Promise.all(open);
    },
  };
}

async function echoAll(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await connection.read(buffer);
    if (length === null) return await connection.closeWrite();
    for (let sent = 0; sent < length;) {
      sent += await connection.write(buffer.subarray(sent, length));
    }
  }
}

/** Sends the bytes and gives back all that comes until the connection ends. */
async function exchange(port: number, bytes: Uint8Array): Promise<Uint8Array> {
  using connection = await Deno.connect({ port });
  const send = async () => {
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    await connection.closeWrite();
  };
  const sending = send().catch((error) => error);
  const received: number[] = [];
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await connection.read(buffer).catch((error) => {
      assert.ok(error instanceof Deno.errors.ConnectionReset, String(error));
      return null;
    });
    if (length === null) break;
    received.push(...buffer.subarray(0, length));
  }
  await sending;
  return Uint8Array.from(received);
}

const BYTES = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);

Deno.test("bytes pass through unchanged, with the end of each side", async () => {
  await using echo = startEcho();
  await using proxy = startProxy({ target: echo.target });
  assert.deepEqual(await exchange(proxy.port, BYTES), BYTES);
  assert.deepEqual(proxy.passed, { up: BYTES.length, down: BYTES.length });
  assert.equal(proxy.accepted, 1);
});

Deno.test("a connection is cut at the chosen byte of either direction", async () => {
  await using echo = startEcho();
  for (const limit of [0, 1, 64, 4097]) {
    await using proxy = startProxy({ target: echo.target, cutAfterBytes: { down: limit } });
    await exchange(proxy.port, BYTES);
    assert.equal(proxy.passed.down, limit);
  }
  await using proxy = startProxy({ target: echo.target, cutAfterBytes: { up: 1000 } });
  await exchange(proxy.port, BYTES);
  assert.equal(proxy.passed.up, 1000);
  proxy.setCutAfterBytes({});
  assert.deepEqual(await exchange(proxy.port, BYTES), BYTES);
});

Deno.test("latency delays what is sent, not how much passes", async () => {
  await using echo = startEcho();
  await using proxy = startProxy({ target: echo.target, latencyMs: 30 });
  const start = performance.now();
  assert.deepEqual(await exchange(proxy.port, BYTES), BYTES);
  assert.ok(performance.now() - start >= 59);
});

Deno.test("throughput is limited", async () => {
  await using echo = startEcho();
  await using proxy = startProxy({ target: echo.target, bytesPerSecond: 1_000_000 });
  const start = performance.now();
  assert.deepEqual(await exchange(proxy.port, BYTES), BYTES);
  assert.ok(performance.now() - start >= 90);
});

Deno.test("cutAll ends every open connection, and later ones are taken", async () => {
  await using echo = startEcho();
  await using proxy = startProxy({ target: echo.target });
  const connection = await Deno.connect({ port: proxy.port });
  await connection.write(Uint8Array.of(1));
  await connection.read(new Uint8Array(1));
  assert.equal(proxy.connections, 1);
  proxy.cutAll();
  const rest = await connection.read(new Uint8Array(1)).catch(() => null);
  assert.equal(rest, null);
  connection.close();
  assert.deepEqual(await exchange(proxy.port, BYTES), BYTES);
});

Deno.test("a black hole keeps connections open and passes nothing", async () => {
  await using echo = startEcho();
  await using proxy = startProxy({ target: echo.target });
  const connection = await Deno.connect({ port: proxy.port });
  await connection.write(Uint8Array.of(1));
  await connection.read(new Uint8Array(1));
  proxy.setBlackHole(true);
  await connection.write(Uint8Array.of(2));
  const reading = connection.read(new Uint8Array(1)).catch(() => null);
  const timeout = Promise.withResolvers<string>();
  setTimeout(() => timeout.resolve("silence"), 50);
  assert.equal(await Promise.race([reading, timeout.promise]), "silence");
  await proxy.close();
  assert.equal(await reading, null);
  connection.close();
});

Deno.test("connections are turned away while it does not accept", async () => {
  await using echo = startEcho();
  await using proxy = startProxy({ target: echo.target });
  proxy.setAccepting(false);
  assert.equal((await exchange(proxy.port, BYTES)).length, 0);
  proxy.setAccepting(true);
  assert.deepEqual(await exchange(proxy.port, BYTES), BYTES);
});

Deno.test("the connections that are open are cut after so many more bytes, and later ones are spared", async () => {
  await using echo = startEcho();
  await using proxy = startProxy({ target: echo.target });
  const connection = await Deno.connect({ port: proxy.port });
  const buffer = new Uint8Array(64);
  await connection.write(new Uint8Array(10));
  await connection.read(buffer);
  proxy.cutOpenAfter({ down: 3 });
  await connection.write(new Uint8Array(10));
  let came = 0;
  for (;;) {
    const length = await connection.read(buffer).catch(() => null);
    if (length === null) break;
    came += length;
  }
  connection.close();
  assert.ok(came <= 3);
  assert.equal(proxy.passed.down, 13);
  assert.equal(proxy.cuts, 1);
  assert.deepEqual(await exchange(proxy.port, BYTES), BYTES);
  assert.equal(proxy.cuts, 1, "a connection that its sides end is not one that was cut");
});

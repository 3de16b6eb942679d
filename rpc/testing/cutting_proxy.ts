/**
 * A TCP proxy that cuts its connections, for tests of what resumes.
 *
 * @module
 */

/** A proxy that runs. */
export interface CuttingProxy extends AsyncDisposable {
  /** Where clients connect. */
  readonly url: string;
  /** Connections that were cut so far. */
  readonly cuts: number;
  /** Where connections go from now on. */
  target(port: number): void;
}

/**
 * Starts a proxy on loopback.
 *
 * @param port Where its connections go.
 * @param allowance Bytes that the next connection may bring back to the client before it is cut, or
 * `undefined` for no cut.
 */
export function cuttingProxy(port: number, allowance: () => number | undefined): CuttingProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const running = new Set<Promise<void>>();
  let target = port;
  let cuts = 0;

  const close = (connection: Deno.Conn) => {
    if (open.delete(connection)) connection.close();
  };

  async function copy(from: Deno.Conn, to: Deno.Conn, allowed: number | undefined): Promise<void> {
    const buffer = new Uint8Array(16_384);
    let left = allowed ?? Infinity;
    try {
      while (left > 0) {
        const size = await from.read(buffer);
        if (size === null) return;
        const part = buffer.subarray(0, Math.min(size, left));
        left -= part.length;
        for (let sent = 0; sent < part.length;) sent += await to.write(part.subarray(sent));
      }
      cuts++;
    } catch (error) {
      const gone = error instanceof Deno.errors.BadResource ||
        error instanceof Deno.errors.Interrupted ||
        error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
      if (!gone) throw error;
    } finally {
      close(from);
      close(to);
    }
  }

  async function relay(client: Deno.Conn): Promise<void> {
    open.add(client);
    let server: Deno.Conn;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    } catch (error) {
      close(client);
      if (error instanceof Deno.errors.ConnectionRefused) return;
      throw error;
    }
    open.add(server);
    await Promise.all([copy(client, server, undefined), copy(server, client, allowance())]);
  }

  const accepting = (async () => {
    for await (const client of listener) {
      const work = relay(client).finally(() => running.delete(work));
      running.add(work);
    }
  })();

  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    get cuts() {
      return cuts;
    },
    target(next) {
      target = next;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of [...open]) close(connection);
      await accepting;
      await Promise.all(running);
    },
  };
}

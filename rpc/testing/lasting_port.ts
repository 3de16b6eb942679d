/**
 * Ports of servers that end and come back.
 *
 * @module
 */

/** Below the ports that systems give to whoever asks for any. */
const FIRST = 20_000;
const COUNT = 10_000;

/**
 * A port of this machine's own address that nobody listens at. No other program gets it by chance, as it could one
 * that a server with port 0 had, while that server is away.
 */
export function lastingPort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

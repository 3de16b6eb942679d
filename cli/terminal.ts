/**
 * What a command sees of the outside: its streams, its environment, its interrupts.
 *
 * @module
 */

/** The outside of a command; tests give one of their own. */
export interface Terminal {
  /** Reads a variable of the environment. */
  env(name: string): string | undefined;
  /** Writes to standard output, to the last byte. */
  out(data: string | Uint8Array): Promise<void>;
  /** Writes to standard error, to the last byte. */
  err(data: string | Uint8Array): Promise<void>;
  /** Everything that standard input holds. */
  readStdin(): Promise<Uint8Array>;
  /** The bytes of a file. */
  readFile(path: string): Promise<Uint8Array>;
  /** Whether a person watches standard error. */
  readonly errIsTerminal: boolean;
  /** Columns of the terminal that standard output goes to; `undefined` where it is none. */
  readonly columns: number | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls the handler at every SIGINT and SIGTERM until the returned function is called. */
  onInterrupt(handler: () => void): () => void;
}

async function writeAll(
  stream: { write(bytes: Uint8Array): Promise<number> },
  data: string | Uint8Array,
): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  for (let sent = 0; sent < bytes.length;) sent += await stream.write(bytes.subarray(sent));
}

const interrupts: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    env: (name) => Deno.env.get(name),
    out: (data) => writeAll(Deno.stdout, data),
    err: (data) => writeAll(Deno.stderr, data),
    readStdin: async () => new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer()),
    readFile: (path) => Deno.readFile(path),
    errIsTerminal: Deno.stderr.isTerminal(),
    columns: Deno.stdout.isTerminal() ? Deno.consoleSize().columns : undefined,
    now: () => Date.now(),
    onInterrupt: (handler) => {
      for (const signal of interrupts) Deno.addSignalListener(signal, handler);
      return () => {
        for (const signal of interrupts) Deno.removeSignalListener(signal, handler);
      };
    },
  };
}

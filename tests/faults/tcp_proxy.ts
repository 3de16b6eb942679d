/**
 * A TCP proxy that misbehaves on demand: it delays, throttles, stalls, and cuts at a chosen byte.
 *
 * @module
 */

/** A number for each direction: `up` is towards the target, `down` towards the client. */
export interface Directions {
  readonly up?: number;
  readonly down?: number;
}

/** How a proxy behaves from its start. */
export interface ProxyOptions {
  /** Where connections lead. */
  readonly target: { readonly host: string; readonly port: number };
  /** Milliseconds by which each byte is late, in each direction. Default: 0. */
  readonly latencyMs?: number;
  /**
   * Each connection is cut once so many bytes of it have passed in a direction; not a byte more passes.
   * Default: never.
   */
  readonly cutAfterBytes?: Directions;
  /** Most bytes a second, on each connection and in each direction. Default: no limit. */
  readonly bytesPerSecond?: number;
}

/** A running proxy. */
export interface TcpProxy extends AsyncDisposable {
  /** Address it listens on. */
  readonly host: string;
  /** Port it listens on. */
  readonly port: number;
  /** How many connections are open now. */
  readonly connections: number;
  /** How many connections were taken since the start. */
  readonly accepted: number;
  /** How many connections were cut since the start, rather than ended by a side. */
  readonly cuts: number;
  /** Bytes passed since the start. */
  readonly passed: Readonly<Required<Directions>>;
  /** Cuts every open connection at once; new ones are taken. */
  cutAll(): void;
  /** Cuts each connection that is open now once so many more bytes of it have passed; not later ones. */
  cutOpenAfter(more: Directions): void;
  /** Changes the delay of bytes that come from now on. */
  setLatency(milliseconds: number): void;
  /** Changes where connections are cut, for those open now as well; `{}` for nowhere. */
  setCutAfterBytes(limits: Directions): void;
  /** Changes the throughput; `undefined` for no limit. */
  setBytesPerSecond(rate: number | undefined): void;
  /** Swallows (true) or passes on (false) what comes, while connections stay open: a dead route. */
  setBlackHole(on: boolean): void;
  /** Takes new connections (true), or closes them at once (false). */
  setAccepting(on: boolean): void;
  /** Cuts everything and stops. */
  close(): Promise<void>;
}

/** What is read ahead of a slow side, so that delay does not become a limit of throughput. */
const MOST_BYTES_WAITING = 4 * 1024 * 1024;

/** Starts a proxy on a free port of 127.0.0.1. */
export function startProxy(options: ProxyOptions): TcpProxy {
  return new Proxy(options);
}

interface Behaviour {
  latencyMs: number;
  cutAfterBytes: Directions;
  bytesPerSecond: number | undefined;
  blackHole: boolean;
  cuts: number;
  readonly passed: { up: number; down: number };
}

class Proxy implements TcpProxy {
  readonly host = "127.0.0.1";
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #target: ProxyOptions["target"];
  readonly #behaviour: Behaviour;
  readonly #open = new Set<Connection>();
  readonly #serving: Promise<void>;
  #accepting = true;
  #accepted = 0;

  constructor(options: ProxyOptions) {
    this.#listener = Deno.listen({ hostname: this.host, port: 0 });
    this.port = this.#listener.addr.port;
    this.#target = options.target;
    this.#behaviour = {
      latencyMs: options.latencyMs ?? 0,
      cutAfterBytes: options.cutAfterBytes ?? {},
      bytesPerSecond: options.bytesPerSecond,
      blackHole: false,
      cuts: 0,
      passed: { up: 0, down: 0 },
    };
    this.#serving = this.#serve();
  }

  get connections(): number {
    return this.#open.size;
  }

  get accepted(): number {
    return this.#accepted;
  }

  get cuts(): number {
    return this.#behaviour.cuts;
  }

  get passed(): Readonly<Required<Directions>> {
    return { ...this.#behaviour.passed };
  }

  cutAll(): void {
    for (const connection of this.#open) connection.cut();
  }

  cutOpenAfter(more: Directions): void {
    for (const connection of this.#open) connection.cutAfter(more);
  }

  setLatency(milliseconds: number): void {
    this.#behaviour.latencyMs = milliseconds;
  }

  setCutAfterBytes(limits: Directions): void {
    this.#behaviour.cutAfterBytes = limits;
  }

  setBytesPerSecond(rate: number | undefined): void {
    this.#behaviour.bytesPerSecond = rate;
  }

  setBlackHole(on: boolean): void {
    this.#behaviour.blackHole = on;
  }

  setAccepting(on: boolean): void {
    this.#accepting = on;
  }

  async close(): Promise<void> {
    try {
      this.#listener.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await this.#serving;
    this.cutAll();
    await Promise.all([...this.#open].map((connection) => connection.ended));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(): Promise<void> {
    const starting = new Set<Promise<void>>();
    for await (const client of this.#listener) {
      this.#accepted++;
      if (!this.#accepting) {
        client.close();
        continue;
      }
      const start = this.#start(client).finally(() => starting.delete(start));
      starting.add(start);
    }
    await Promise.all(starting);
  }

  async #start(client: Deno.TcpConn): Promise<void> {
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect({ hostname: this.#target.host, port: this.#target.port });
    } catch (error) {
      // To the client, a target that refuses is a connection that closes.
      client.close();
      // Not so where the proxy itself lacks a permission.
      if (error instanceof Deno.errors.NotCapable) throw error;
      return;
    }
    const connection = new Connection(client, server, this.#behaviour);
    this.#open.add(connection);
    void connection.ended.then(() => this.#open.delete(connection));
  }
}

class Connection {
  /** Settles when both sides are closed; never rejects. */
  readonly ended: Promise<void>;
  readonly #client: Deno.TcpConn;
  readonly #server: Deno.TcpConn;
  readonly #behaviour: Behaviour;
  readonly #cut = new AbortController();
  readonly #passed = { up: 0, down: 0 };
  #limits: Directions = {};

  constructor(client: Deno.TcpConn, server: Deno.TcpConn, behaviour: Behaviour) {
    this.#client = client;
    this.#server = server;
    this.#behaviour = behaviour;
    client.setNoDelay(true);
    server.setNoDelay(true);
    this.ended = Promise.allSettled([
      this.#carry(client, server, "up"),
      this.#carry(server, client, "down"),
    ]).then(() => this.#close());
  }

  cut(): void {
    if (!this.#cut.signal.aborted) this.#behaviour.cuts++;
    this.#close();
  }

  cutAfter(more: Directions): void {
    const { up, down } = this.#passed;
    this.#limits = {
      ...(more.up === undefined ? {} : { up: up + more.up }),
      ...(more.down === undefined ? {} : { down: down + more.down }),
    };
  }

  #close(): void {
    if (this.#cut.signal.aborted) return;
    this.#cut.abort();
    for (const side of [this.#client, this.#server]) {
      try {
        side.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    }
  }

  async #carry(from: Deno.TcpConn, to: Deno.TcpConn, way: "up" | "down"): Promise<void> {
    const line = new DelayLine(this.#cut.signal);
    const writing = this.#write(line, to, way);
    try {
      for (;;) {
        const buffer = new Uint8Array(32 * 1024);
        const length = await from.read(buffer);
        if (length === null) break;
        if (this.#behaviour.blackHole) continue;
        await line.push(buffer.subarray(0, length), performance.now() + this.#behaviour.latencyMs);
      }
    } catch {
      // A side that is reset ends the connection.
      this.#close();
    }
    line.end();
    await writing;
  }

  async #write(line: DelayLine, to: Deno.TcpConn, way: "up" | "down"): Promise<void> {
    try {
      for await (const chunk of line) {
        const limit = Math.min(
          this.#behaviour.cutAfterBytes[way] ?? Infinity,
          this.#limits[way] ?? Infinity,
        );
        const bytes = chunk.subarray(0, Math.max(0, limit - this.#passed[way]));
        await this.#writeAll(to, bytes);
        this.#passed[way] += bytes.length;
        this.#behaviour.passed[way] += bytes.length;
        if (this.#passed[way] >= limit) return this.cut();
        const rate = this.#behaviour.bytesPerSecond;
        if (rate !== undefined) await pause(bytes.length / rate * 1000, this.#cut.signal);
      }
      await to.closeWrite();
    } catch {
      this.#close();
    }
  }

  async #writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      written += await to.write(bytes.subarray(written));
    }
  }
}

/** A queue whose entries come out in order, each not before its time. */
class DelayLine implements AsyncIterable<Uint8Array> {
  readonly #signal: AbortSignal;
  readonly #entries: { readonly chunk: Uint8Array; readonly due: number }[] = [];
  #bytes = 0;
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  async push(chunk: Uint8Array, due: number): Promise<void> {
    this.#entries.push({ chunk, due });
    this.#bytes += chunk.length;
    this.#wake();
    while (this.#bytes > MOST_BYTES_WAITING && !this.#signal.aborted) await this.#changed.promise;
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      this.#signal.throwIfAborted();
      const entry = this.#entries.shift();
      if (entry === undefined) {
        if (this.#ended) return;
        await this.#changed.promise;
        continue;
      }
      const early = entry.due - performance.now();
      if (early > 0) await pause(early, this.#signal);
      this.#bytes -= entry.chunk.length;
      this.#wake();
      yield entry.chunk;
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** Waits for so long at least: a timer drops fractions of a millisecond. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, Math.ceil(milliseconds));
    signal.addEventListener("abort", stop, { once: true });
  });
}

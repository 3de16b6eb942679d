/**
 * Sluice's real server as a child process that can be killed at any moment and is started again.
 *
 * @module
 */

/** How the server is started. */
export interface ServerSettings {
  /** Its configuration file. */
  readonly config: string;
  /** The only directory that it may write to. */
  readonly dataDirectory: string;
  /** The file to which its log is appended. */
  readonly log: string;
  /** Told of what nobody asked for, such as that it ended by itself. */
  readonly complain: (text: string) => void;
}

/** Root of the repository. */
const ROOT = new URL("../../", import.meta.url);
/** Starts after which it is given up. */
const MOST_STARTS = 10;

interface Child {
  readonly process: Deno.ChildProcess;
  /** Settles when it listens or has ended. */
  readonly listening: Promise<boolean>;
  /** Settles when it has ended and all that it said is read. */
  readonly ended: Promise<void>;
  /** Whether its end was asked for. */
  wanted: boolean;
}

/** The server, running or about to. */
export class Server implements AsyncDisposable {
  /** How often it was killed. */
  kills = 0;
  /** How often it ended though nobody had asked it to. */
  crashes = 0;
  readonly #settings: ServerSettings;
  #environment: Readonly<Record<string, string>> = {};
  #child: Child | undefined;
  #closed = false;

  /** Makes it; nothing runs yet. */
  constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  /** Variables of the environment that it gets from its next start on, beside those of this process. */
  setEnvironment(environment: Readonly<Record<string, string>>): void {
    this.#environment = environment;
  }

  /** Starts it; it may take a second until it listens. */
  start(): void {
    if (!this.#closed) this.#child = this.#spawn();
  }

  /** Resolves when it listens; one that ends before is started again. */
  async listening(): Promise<void> {
    for (let starts = 0; starts < MOST_STARTS; starts++) {
      const child = this.#child;
      if (await child?.listening) return;
      await child?.ended;
      if (child === this.#child) throw new Error(`the server does not run; see ${this.#log}`);
    }
    throw new Error(`the server did not start ${MOST_STARTS} times; see ${this.#log}`);
  }

  /** Ends it at once, as `kill -9` does, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.#child !== undefined) this.kills++;
    await this.#end("SIGKILL");
  }

  /** Asks it to end, as Ctrl-C does, and waits until it has. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#end("SIGKILL");
  }

  get #log(): string {
    return this.#settings.log;
  }

  async #end(signal: "SIGKILL" | "SIGINT"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.wanted = true;
    try {
      child.process.kill(signal);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await child.ended;
  }

  #spawn(): Child {
    const { config, dataDirectory, log } = this.#settings;
    const process = new Deno.Command("sh", {
      args: [
        "-c",
        // `exec` makes the shell the process that is killed.
        'log=$1; shift; exec "$@" 2>>"$log"',
        "sh",
        log,
        "env",
        ...Object.entries(this.#environment).map(([name, value]) => `${name}=${value}`),
        Deno.execPath(),
        "run",
        "--no-prompt",
        "--quiet",
        "-P=sluice",
        `--allow-write=${dataDirectory}`,
        "cli/main.ts",
        "serve",
        "--config",
        config,
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const { promise: listening, resolve } = Promise.withResolvers<boolean>();
    const read = async () => {
      let said = "";
      for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
        said = `${said}${text}`.slice(-1_000);
        if (said.includes("Sluice listens on ")) resolve(true);
      }
      resolve(false);
    };
    const child: Child = {
      process,
      listening,
      ended: Promise.all([process.status, read()]).then(([status]) => {
        if (child.wanted) return;
        this.crashes++;
        this.#settings.complain(
          `the server ended by itself with ${status.signal ?? `code ${status.code}`}; see ${log}`,
        );
        // As whoever keeps a service running would.
        if (this.#child === child) this.start();
      }),
      wanted: false,
    };
    return child;
  }
}

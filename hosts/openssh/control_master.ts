/**
 * A running `ssh` that holds the connection, and what it says.
 *
 * @module
 */

/** How a master came to its end. */
export interface MasterEnd {
  /** Exit status of `ssh`, 128 plus the signal's number where one ended it. */
  readonly code: number;
}

/**
 * Makes a private directory for the socket, tells its path, and is there as long as `ssh` is. A line of input
 * asks `ssh` to end; the end of input, which comes also when this process dies, leaves it no choice.
 * The path of a socket may have 104 bytes on some systems, of which `ssh` needs some itself.
 */
const SUPERVISE = `exec 2>&1
t=\${TMPDIR:-/tmp}
[ "\${#t}" -le 60 ] || t=/tmp
d=$(mktemp -d "$t/sluice-ssh.XXXXXX") || exit 1
printf '%s\\n' "$d"
exec 3<&0
ssh -S "$d/s" "$@" </dev/null 3<&- & m=$!
{ read -r l; kill "$m"; read -r l; kill -s KILL "$m"; rm -rf "$d"; } <&3 >/dev/null 2>&1 & w=$!
exec 3<&- </dev/null
wait "$m"; s=$?
kill "$w"
rm -rf "$d"
exit "$s"`;

/** How long `ssh` may take to end after it was asked to. */
const END_GRACE_MS = 1000;
/** How long what it started may hold its output after it. */
const DRAIN_MS = 1000;
/** Characters of a login's log that are kept, which is many times what one has. */
const LONGEST_LOGIN = 100_000;
/** Characters that are kept of what it says once the connection stands. */
const LONGEST_TALK = 4_000;

/** A child process that connects, logs in, and then takes channels on a socket. */
export class ControlMaster {
  /** Whether it came so far as to take channels; `false` when it ended before. */
  readonly ready: Promise<boolean>;
  /** Settles when it is gone, with its directory. */
  readonly ended: Promise<MasterEnd>;
  /** What `ssh` said until it was ready. */
  loginLog = "";
  /** The last of what it said since. */
  talk = "";
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ready = Promise.withResolvers<boolean>();
  readonly #readyMark: string;
  #isReady = false;
  #directory: string | undefined;
  #ending = false;

  /** Starts `ssh` with the words, by which it prints the mark once it is ready. */
  constructor(words: readonly string[], readyMark: string) {
    this.#readyMark = readyMark;
    this.ready = this.#ready.promise;
    this.#child = new Deno.Command("sh", {
      args: ["-c", SUPERVISE, "sh", ...words],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      // A Ctrl-C at our terminal is for us, who will end it in order.
      detached: true,
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.ended = this.#follow();
  }

  /** Path of its socket. */
  get socket(): string {
    return `${this.#directory ?? ""}/s`;
  }

  /** Ends it, whatever it is doing. Safe to call twice. */
  async end(): Promise<void> {
    if (!this.#ending) {
      this.#ending = true;
      // Fails when it is gone already.
      this.#input.write(new TextEncoder().encode("end\n")).catch(() => {});
      const timer = setTimeout(() => void this.#input.close().catch(() => {}), END_GRACE_MS);
      void this.ended.then(() => clearTimeout(timer));
    }
    await this.ended;
  }

  async #follow(): Promise<MasterEnd> {
    const reader = this.#child.stdout.getReader();
    const reading = this.#read(reader);
    const { code } = await this.#child.status;
    const timer = setTimeout(() => void reader.cancel(), DRAIN_MS);
    await reading;
    clearTimeout(timer);
    await this.#input.abort().catch(() => {});
    this.#ready.resolve(false);
    return { code };
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#hear(line.replace(/\r$/, ""));
    }
    if (rest !== "") this.#hear(rest);
  }

  #hear(line: string): void {
    if (this.#directory === undefined && line.startsWith("/")) {
      this.#directory = line;
    } else if (this.#isReady) {
      if (!line.startsWith("debug")) this.talk = `${this.talk}${line}\n`.slice(-LONGEST_TALK);
    } else if (line === this.#readyMark) {
      this.#isReady = true;
      this.#ready.resolve(true);
    } else if (this.loginLog.length < LONGEST_LOGIN) {
      this.loginLog += `${line}\n`;
    }
  }
}

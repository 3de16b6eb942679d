/**
 * Making archives by the user's own commands.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import { getLogger } from "@logtape/logtape";
import type { Software } from "../model/mod.ts";
import { throughShell } from "../shell/mod.ts";
import { ArchiveUnreadableError, PackFailedError } from "./errors.ts";
import { SharedWork } from "./shared_work.ts";

/** What is packed by a command. */
type Pack = Pick<Extract<Software, { kind: "pack" }>, "command" | "directory" | "inputs">;

const log = getLogger(["sluice", "environments"]);

/** Stands for the path to be written, in a word of the command. */
const OUTPUT = "{output}";
/** Beginning of the name of what the command writes. */
const OUTPUT_NAME = "environment";
/** Of what the command prints, so many characters are told with an error. */
const LAST_WORDS = 2_000;

function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(`${part.length}:`);
    hash.update(part);
  }
  return hash.digest("hex");
}

/** The one file that the command has written, whatever ending its name has got. */
async function outputIn(directory: string): Promise<string | undefined> {
  try {
    const files = await Array.fromAsync(Deno.readDir(directory));
    const found = files.filter(({ name }) => name.startsWith(OUTPUT_NAME));
    const [only] = found;
    return only !== undefined && found.length === 1 ? join(directory, only.name) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Runs commands that make archives, each once for what its inputs hold. The archives lie in Sluice's data
 * directory, by the hash of the command and, within that, of the inputs; only the newest of a command is kept.
 */
export class Packer {
  readonly #directory: string;
  readonly #packing = new SharedWork<string>();
  /** Made in this process, so that what names no inputs is made once for each Sluice. */
  readonly #made = new Set<string>();
  /** Where commands write that run now. */
  readonly #making = new Set<string>();

  /** @param directory Where archives are put. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where the archive lies, if it was made before. */
  async made(software: Pack): Promise<string | undefined> {
    return await this.#known(software, await this.#placeOf(software));
  }

  /**
   * The path of the archive, made where it is not there.
   *
   * @throws {PackFailedError} The command failed, or wrote nothing.
   * @throws {ArchiveUnreadableError} An input cannot be read.
   */
  async pack(software: Pack, signal: AbortSignal): Promise<string> {
    const place = await this.#placeOf(software);
    return await this.#known(software, place) ??
      await this.#packing.get(place, signal, (signal) => this.#run(software, place, signal));
  }

  async #known(software: Pack, place: string): Promise<string | undefined> {
    return software.inputs.length > 0 || this.#made.has(place) ? await outputIn(place) : undefined;
  }

  async #placeOf({ command, directory, inputs }: Pack): Promise<string> {
    const contents = await Promise.all(inputs.map(async (input) => {
      const path = isAbsolute(input) ? input : join(directory ?? ".", input);
      try {
        return await Deno.readFile(path);
      } catch (error) {
        throw new ArchiveUnreadableError(path, error);
      }
    }));
    const name = sha256(JSON.stringify([command, directory, inputs]));
    return join(this.#directory, name, sha256(...contents));
  }

  async #run(
    { command, directory }: Pack,
    place: string,
    signal: AbortSignal,
  ): Promise<string> {
    const made = `${place}.${crypto.randomUUID()}.part`;
    this.#making.add(made);
    await Deno.mkdir(made, { recursive: true, mode: 0o700 });
    try {
      const output = join(await Deno.realPath(made), OUTPUT_NAME);
      const words = command.map((word) => word.replaceAll(OUTPUT, output));
      log.info("packing by {command}", { command: words });
      const { how, said } = await runCommand(words, directory, signal);
      signal.throwIfAborted();
      if (how !== undefined) throw new PackFailedError(command, how, said);
      if (await outputIn(made) === undefined) {
        throw new PackFailedError(command, `left no one file at ${OUTPUT}`, said);
      }
      await this.#replace(place, made);
    } finally {
      this.#making.delete(made);
      await Deno.remove(made, { recursive: true }).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
    this.#made.add(place);
    const path = await outputIn(place);
    if (path === undefined) throw new PackFailedError(command, "lost what it made", "");
    return path;
  }

  /** Puts what was made in its place, and removes what the same command made before or left behind. */
  async #replace(place: string, made: string): Promise<void> {
    const of = join(place, "..");
    for await (const { name } of Deno.readDir(of)) {
      const path = join(of, name);
      if (!this.#making.has(path)) await Deno.remove(path, { recursive: true });
    }
    await Deno.rename(made, place);
  }
}

/** Runs a command to its end; gives how it failed, if it did, and the last that it printed. */
async function runCommand(
  words: readonly string[],
  directory: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly how: string | undefined; readonly said: string }> {
  const child = new Deno.Command("sh", {
    args: throughShell(words),
    ...(directory === undefined ? {} : { cwd: directory }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const end = () => {
    try {
      child.kill("SIGTERM");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  signal.addEventListener("abort", end, { once: true });
  let said = "";
  const listen = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      log.info("{text}", { text });
      said = (said + text).slice(-LAST_WORDS);
    }
  };
  try {
    await Promise.all([listen(child.stdout), listen(child.stderr)]);
    const { success, code, signal: by } = await child.status;
    const how = by === null ? `ended with status ${code}` : `was ended by ${by}`;
    return { how: success ? undefined : how, said };
  } finally {
    signal.removeEventListener("abort", end);
  }
}

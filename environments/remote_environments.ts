/**
 * Environments on a cluster.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { runAside } from "../hosts/mod.ts";
import type { CommandResult, Host, TransferProgress } from "../hosts/mod.ts";
import { ENVIRONMENTS_DIRECTORY } from "../launchers/mod.ts";
import { contentHashSchema } from "../model/mod.ts";
import type { Platform } from "../model/mod.ts";
import { checkPlatform, parsePlatforms, PLATFORMS_PROGRAM } from "./cluster_platforms.ts";
import type { ClusterPlatforms } from "./cluster_platforms.ts";
import {
  ArchiveUnreadableError,
  EnvironmentDamagedError,
  EnvironmentsUnusableError,
} from "./errors.ts";
import type { LocalArchive } from "./local_environments.ts";
import {
  collectProgram,
  lookProgram,
  placeProgram,
  PRESENT,
  unusedProgram,
} from "./remote_programs.ts";
import { SharedWork } from "./shared_work.ts";

/** What can be done with the environments on a cluster. */
export interface Environments {
  /**
   * Checks that the cluster has nodes that can run the software.
   *
   * @param platform What it runs on, where that is known.
   * @param partition The partition, or several separated by commas. Default: any.
   * @throws {PlatformMismatchError} There are none.
   */
  check(
    platform: Platform | undefined,
    partition: string | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Sends an archive, unless what it holds is there. Whoever asks for the same meanwhile waits for the same.
   *
   * @throws {SluiceError} It could not be sent.
   */
  send(archive: LocalArchive, signal: AbortSignal): Promise<void>;
  /** The hashes of environments that nobody has used for some time. */
  unused(unusedMs: number, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Notes of unused environments that jobs are to use some, and has the others go: each at the second call, so
   * that what begins meanwhile is seen. Gives those that are gone.
   */
  collect(
    wanted: readonly string[],
    unwanted: readonly string[],
    unusedMs: number,
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}

const log = getLogger(["sluice", "environments"]);

const decoder = new TextDecoder();

/** An environment stays retired for so long before it goes, in seconds: a job takes less to say that it uses it. */
const RETIRED_SECONDS = 300;

/** The environments below Sluice's directory on a host. */
export class RemoteEnvironments implements Environments {
  readonly #host: Host;
  readonly #directory: string;
  readonly #part: string;
  readonly #retiredSeconds: number;
  readonly #sending = new SharedWork<void>();
  #lastUpload: Promise<unknown> = Promise.resolve();
  #platforms: Promise<ClusterPlatforms> | undefined;

  /**
   * Works over the given connection, which stays the caller's.
   *
   * @param root Sluice's directory there, absolute.
   * @param serverId Tells what this server sends from what others send.
   * @param retiredSeconds So long an environment stays retired before it goes. Default: 300.
   */
  constructor(host: Host, root: string, serverId: string, retiredSeconds = RETIRED_SECONDS) {
    this.#host = host;
    this.#directory = `${root}/${ENVIRONMENTS_DIRECTORY}`;
    this.#part = `.archive.${serverId}`;
    this.#retiredSeconds = retiredSeconds;
  }

  /** See {@linkcode Environments.check}. */
  async check(
    platform: Platform | undefined,
    partition: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (platform === undefined || platform === "any") return;
    signal.throwIfAborted();
    this.#platforms ??= this.#askPlatforms();
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      checkPlatform(await Promise.race([this.#platforms, gone]), platform, partition);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** See {@linkcode Environments.send}. */
  send(archive: LocalArchive, signal: AbortSignal): Promise<void> {
    return this.#sending.get(archive.sha256, signal, (signal) => this.#send(archive, signal));
  }

  /** See {@linkcode Environments.unused}. */
  async unused(unusedMs: number, signal: AbortSignal): Promise<readonly string[]> {
    const program = unusedProgram(this.#directory, unusedMs / 1000);
    return hashes(await runAside(this.#host, program, signal));
  }

  /** See {@linkcode Environments.collect}. */
  async collect(
    wanted: readonly string[],
    unwanted: readonly string[],
    unusedMs: number,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const program = collectProgram(this.#directory, {
      wanted,
      unwanted,
      unusedSeconds: unusedMs / 1000,
      retiredSeconds: this.#retiredSeconds,
    });
    return hashes(await runAside(this.#host, program, signal));
  }

  async #send(archive: LocalArchive, signal: AbortSignal): Promise<void> {
    if (await this.#isPresent(archive, signal)) return;
    // One after another: together they would be no faster.
    const turn = this.#lastUpload.then(() => this.#upload(archive, signal));
    // A failed one is the affair of whoever asked for it; those behind it go on.
    this.#lastUpload = turn.catch(() => {});
    await turn;
  }

  async #isPresent({ sha256 }: LocalArchive, signal: AbortSignal): Promise<boolean> {
    const result = await this.#host.run(lookProgram(this.#directory, sha256), { signal });
    this.#check(result);
    return decoder.decode(result.stdout).trim() === PRESENT;
  }

  async #upload(archive: LocalArchive, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { path, sha256, size } = archive;
    const place = `${this.#directory}/${sha256}/${this.#part}`;
    log.info("sending {path}, {size} bytes, to {host} as {sha256}", {
      path,
      size,
      sha256,
      host: this.#host.label,
    });
    using file = await Deno.open(path).catch((error) => {
      throw new ArchiveUnreadableError(path, error);
    });
    await this.#host.put(file.readable, place, {
      signal,
      size,
      onProgress: ({ bytes, total }: TransferProgress) =>
        log.debug("sent {bytes} of {total} bytes of {path}", { bytes, total, path }),
    });
    const placed = await runAside(
      this.#host,
      placeProgram(this.#directory, sha256, this.#part),
      signal,
    );
    if (placed.exitCode !== 0) {
      throw new EnvironmentDamagedError(path, decoder.decode(placed.stderr));
    }
    log.info("sent {path} to {host}", { path, host: this.#host.label });
  }

  #askPlatforms(): Promise<ClusterPlatforms> {
    const asked = this.#host.run(PLATFORMS_PROGRAM).then((result) => {
      this.#check(result);
      return parsePlatforms(decoder.decode(result.stdout));
    });
    // What failed is asked anew by whoever comes next.
    asked.catch(() => this.#platforms = undefined);
    return asked;
  }

  #check({ exitCode, stderr }: CommandResult): void {
    if (exitCode === 0) return;
    throw new EnvironmentsUnusableError(this.#directory, decoder.decode(stderr));
  }
}

/** The hashes in what a program printed; its failure is none of theirs. */
function hashes({ stdout }: CommandResult): string[] {
  return decoder.decode(stdout).split("\n").filter((line) =>
    contentHashSchema.safeParse(line).success
  );
}

/**
 * What all transfers have in common: the host as they see it, and how they fail.
 *
 * @module
 */

import { DiskFullError, fileFailure } from "./file_errors.ts";
import type { DiskSpace, HostStream, TransferOptions } from "./host.ts";

/** What a transfer needs of the host. */
export interface TransferHost {
  /** Who and where, for people. */
  readonly label: string;
  /** Starts a command on a channel of its own. */
  stream(command: string, options: { readonly signal?: AbortSignal }): Promise<HostStream>;
  /** Space on the file system that holds the path. */
  freeSpace(path: string): Promise<DiskSpace>;
}

/**
 * The line of a shell script by which it exits when it is asked to end, once: the stream that is closed
 * asks more than once, and what the script's EXIT trap then starts must come to its end.
 */
export const EXIT_WHEN_ASKED = `trap 'trap "" HUP INT TERM; exit 1' HUP INT TERM`;

/** Most of a complaint that is kept, in characters. */
const LONGEST_COMPLAINT = 4096;

/** The error that a command's complaint about writing stands for, with the free space where it matters. */
async function writeFailure(host: TransferHost, path: string, said: string): Promise<Error> {
  const error = fileFailure(host.label, path, said);
  if (!(error instanceof DiskFullError)) return error;
  const directory = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  // The free space is an extra: without it the error still says what happened.
  const space = await host.freeSpace(directory).catch(() => undefined);
  return new DiskFullError(host.label, path, said, space);
}

/**
 * Sends to a command that writes below the path, and waits until it has; the stream is closed then.
 *
 * @param send Sends all that the command takes.
 */
export async function deliver(
  host: TransferHost,
  path: string,
  stream: HostStream,
  send: () => Promise<void>,
  { signal }: TransferOptions,
): Promise<void> {
  const complaint = readComplaint(stream);
  const abort = () => void stream.close();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const sending = send();
    // The command may fail before all is sent; then nothing takes the rest.
    const exitCode = await Promise.race([stream.exit, sending.then(() => stream.exit)]);
    signal?.throwIfAborted();
    if (exitCode !== 0) throw await writeFailure(host, path, await complaint);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    await stream.close();
  }
}

/** The beginning of what the command says on standard error, all of which is read. */
export async function readComplaint(stream: HostStream): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  try {
    for await (const chunk of stream.stderr) {
      if (said.length < LONGEST_COMPLAINT) said += decoder.decode(chunk, { stream: true });
    }
  } catch {
    // The exit status tells of a lost connection.
  }
  return said.trim();
}

/** The part of the options that a stream takes. */
export function signalOf({ signal }: TransferOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

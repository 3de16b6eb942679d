/**
 * One process at a time on a journal.
 *
 * @module
 */

import { fileError, JournalInUseError } from "./errors.ts";

/**
 * An exclusive lock of the operating system on the file `<journal>.lock`. It goes with the process, so
 * that a crash leaves nothing to clean up. The file itself stays: were it removed, a process that has
 * it open and another that makes it anew would both hold "the" lock.
 */
export class FileLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Takes the lock of the journal at `path`.
   *
   * @throws {JournalInUseError} if somebody has it, in this process or in another.
   * @throws {JournalReadOnlyError} if the file may not be written.
   * @throws {JournalUnavailableError} if it cannot be opened for another reason.
   */
  static take(path: string): FileLock {
    const name = `${path}.lock`;
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(name, { read: true, write: true, create: true, mode: 0o600 });
    } catch (error) {
      throw fileError(path, error);
    }
    try {
      if (!file.tryLockSync(true)) {
        throw new JournalInUseError(path, Deno.readTextFileSync(name).trim());
      }
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(`process ${Deno.pid}\n`));
    } catch (error) {
      file.close();
      throw error instanceof JournalInUseError ? error : fileError(path, error);
    }
    return new FileLock(file);
  }

  /** Gives the lock back. */
  [Symbol.dispose](): void {
    // A child that is being started has a copy of the open file until it runs its program, and the lock
    // would last as long as the copy.
    this.#file.unlockSync();
    this.#file.close();
  }
}

/**
 * Programs that a shell becomes.
 *
 * @module
 */

/**
 * The arguments of `sh` by which it is replaced with a program: its name, then its arguments, none of which a
 * shell reads. So the permission to run `sh` is enough, the program is looked for when it is wanted, and
 * what is ended is the program itself.
 */
export function throughShell(words: readonly string[]): string[] {
  return ["-c", 'exec "$@"', "sh", ...words];
}

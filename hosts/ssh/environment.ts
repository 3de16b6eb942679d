/**
 * What logging in needs of this machine, so that tests can put their own in its place.
 *
 * @module
 */

/** Variables and files of the local user. */
export interface SshEnvironment {
  /** Value of an environment variable. */
  variable(name: string): string | undefined;
  /** Reads a file as bytes; rejects with `Deno.errors.NotFound` where there is none. */
  readFile(path: string): Promise<Uint8Array>;
  /** Appends to a file, which is made with its directory where it is missing. */
  appendFile(path: string, text: string): Promise<void>;
  /** Names in a directory; empty where there is none. */
  listDirectory(path: string): Promise<readonly string[]>;
}

/** The process's own variables and files. */
export const systemEnvironment: SshEnvironment = {
  variable(name) {
    try {
      return Deno.env.get(name);
    } catch (error) {
      // Whoever may not read a variable is as well off as one who has not set it.
      if (error instanceof Deno.errors.NotCapable) return undefined;
      throw error;
    }
  },
  readFile: (path) => Deno.readFile(path),
  async appendFile(path, text) {
    const slash = path.lastIndexOf("/");
    if (slash > 0) await Deno.mkdir(path.slice(0, slash), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(path, text, { append: true, mode: 0o600 });
  },
  async listDirectory(path) {
    try {
      return (await Array.fromAsync(Deno.readDir(path))).map((entry) => entry.name).toSorted();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  },
};

/** The user's home directory, where it is known. */
export function homeDirectory(environment: SshEnvironment): string | undefined {
  return environment.variable("HOME") ?? environment.variable("USERPROFILE");
}

/** The path with a leading `~` replaced by the home directory. */
export function expandHome(path: string, environment: SshEnvironment): string {
  const home = homeDirectory(environment);
  if (home === undefined || (path !== "~" && !path.startsWith("~/"))) return path;
  return home + path.slice(1);
}

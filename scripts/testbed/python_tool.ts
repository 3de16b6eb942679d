/**
 * Tools from PyPI for this machine, each in a virtual environment of its own.
 *
 * @module
 */

import { runScript } from "./command.ts";

/** What the user's own environment tells pip, such as which index to use. */
export function pipEnvironment(): Record<string, string> {
  const own = Object.entries(Deno.env.toObject());
  return Object.fromEntries(
    own.filter(([name]) => /^(PATH|HOME|PIP_|SSL_CERT_|REQUESTS_CA_)/.test(name)),
  );
}

/** Path of a file or directory in the user's cache, whatever characters its name has. */
export function userCache(name: string): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache`;
  return `${cache}/sluice/${name.replaceAll(/[^\w.-]/g, "-")}`;
}

/**
 * Makes a virtual environment with a package from PyPI in the user's cache directory, unless it is there.
 *
 * @param requirement Its name and version as pip takes them, such as `six==1.16.0`.
 * @returns Its directory.
 */
export async function pythonTool(requirement: string): Promise<string> {
  const directory = userCache(requirement);
  await runScript(
    `pip install ${requirement}`,
    // Under its final name only when it is whole.
    `[ -d "$1" ] && exit 0
     rm -rf "$1.part"
     python3 -m venv "$1.part"
     "$1.part/bin/python" -m pip install --quiet --disable-pip-version-check "$2" >&2
     mv -T "$1.part" "$1"`,
    [directory, requirement],
    { env: pipEnvironment() },
  );
  return directory;
}

/**
 * Python packages for jobs of the test cluster.
 *
 * @module
 */

import assert from "node:assert/strict";
import { installPackages, onCluster, runScript } from "../../../scripts/testbed/mod.ts";
import { requireTestbed } from "../require.ts";

/** Debian's own: others that this machine may have can be out of reach for the cluster's accounts. */
const PYTHON = "/usr/bin/python3";

/** Variables of this process by which pip reaches its registry. */
const REGISTRY = /^(?:PIP_\w+|(?:https?|all|no)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$/i;

/** Makes the environment in $1 of the packages that follow, unless it is there. */
const MAKE = `set -eu
directory=$1
shift
mkdir -p -- "\${directory%/*}"
exec 9>>"$directory.lock"
flock 9
# The mark is the last thing that is made, so what is half made is made anew.
[ ! -e "$directory/complete" ] || exit 0
rm -rf -- "$directory"
${PYTHON} -m venv -- "$directory"
# Python compiles what is imported, which is little of what is installed.
"$directory/bin/pip" install --quiet --no-cache-dir --no-compile --disable-pip-version-check "$@"
: >"$directory/complete"
`;

async function ensureVenv(): Promise<void> {
  const found = await runScript(
    "look for Python's venv",
    `if ${PYTHON} -c 'import ensurepip' 2>/dev/null; then echo found; fi`,
    [],
  );
  if (found === "") await installPackages(["python3-venv"]);
}

async function fingerprint(words: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(words));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Path of a Python virtual environment with the packages, which jobs of the main account can use on every
 * node. It is in the account's cache directory: made when missing, which takes some 20 s, and kept.
 *
 * @param name What the directory's name begins with.
 * @param packages As `pip install` takes them, such as `ray==2.60.0`.
 */
export async function pythonEnvironment(
  name: string,
  packages: readonly string[],
): Promise<string> {
  const { home } = await requireTestbed();
  const version = await runScript("ask Python's version", `${PYTHON} --version`, []);
  const hash = await fingerprint([version.trim(), ...packages]);
  const directory = `${home}/.cache/sluice-tests/${name}-${hash}`;
  if ((await onCluster(["test", "-e", `${directory}/complete`])).code === 0) return directory;
  await ensureVenv();
  const registry = Object.entries(Deno.env.toObject())
    .filter(([variable]) => REGISTRY.test(variable))
    .map(([variable, value]) => `${variable}=${value}`);
  const { code, stdout, stderr } = await onCluster(
    ["env", ...registry, "sh", "-c", MAKE, "sh", directory, ...packages],
  );
  assert.equal(code, 0, `could not make ${directory}: ${stdout}${stderr}`);
  return directory;
}

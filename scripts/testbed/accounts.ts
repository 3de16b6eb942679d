/**
 * The accounts of the test cluster: users, homes, keys and passwords.
 *
 * @module
 */

import { attempt, attemptScript, run, runScript } from "./command.ts";
import { TestbedError } from "./errors.ts";
import { makeDirectory, readFileIfAny, writeFile } from "./files.ts";
import { type KeyName, keyPath, KEYS, PASSPHRASE } from "./key_list.ts";
import {
  ACCOUNTS,
  CONTROLLER_ADDRESS,
  homeOf,
  NODES,
  NOISY_ACCOUNT,
  type TestbedAccount,
  type TestbedLayout,
} from "./layout.ts";
import { knownHosts, noisyProfile } from "./ssh_conf.ts";

/** The accounts that this machine can have: those whose shell is installed. */
export async function possibleAccounts(): Promise<TestbedAccount[]> {
  const { stdout } = await attemptScript(
    'for shell; do [ -x "$shell" ] && echo "$shell"; done',
    ACCOUNTS.map(({ shell }) => shell),
  );
  const shells = new Set(stdout.split("\n"));
  return ACCOUNTS.filter(({ shell, optional }) => !optional || shells.has(shell));
}

/** Makes users, homes, profiles, keys and host keys. */
export async function raiseAccounts(layout: TestbedLayout): Promise<void> {
  await makeDirectory(layout.homes, { mode: "0755" });
  await makeDirectory(layout.keys, { mode: "0700" });
  const [password] = await Promise.all([ensurePassword(layout), makeKeys(layout)]);
  const accounts = await possibleAccounts();
  for (const account of accounts) await ensureUser(layout, account);
  await run("chpasswd", [], {
    stdin: accounts.map(({ name }) => `${name}:${password}\n`).join(""),
  });
  const authorized = await publicKeys(layout, KEYS.filter((key) => key.authorized));
  for (const { name } of accounts) await furnishHome(layout, name, authorized.join(""));
  await writeKnownHosts(layout);
}

/** Removes the accounts whose home is in the state directory, after ending what they run. */
export async function razeAccounts(layout: TestbedLayout): Promise<void> {
  for (const { name } of ACCOUNTS) {
    if (await currentHome(name) !== homeOf(layout, name)) continue;
    await endProcessesOf(name);
    await run("userdel", ["--force", name]);
    await attempt("groupdel", [name]);
  }
}

/** Ends every process that an account of this test cluster runs anywhere on the machine. */
async function endProcessesOf(name: string): Promise<void> {
  await runScript(
    `end the processes of ${name}`,
    `tries=0
    while :; do
      found=
      for dir in /proc/[0-9]*; do
        [ "$(stat -c %U "$dir" 2>/dev/null)" = "$1" ] || continue
        grep -qs '^State:[[:space:]]*Z' "$dir/status" && continue
        found=1
        kill -s KILL "\${dir#/proc/}" 2>/dev/null || true
      done
      [ -n "$found" ] || exit 0
      [ $tries -lt 50 ] || { echo "some processes do not end" >&2; exit 1; }
      tries=$((tries + 1)); sleep 0.1
    done`,
    [name],
  );
}

async function currentHome(name: string): Promise<string | undefined> {
  const { code, stdout } = await attempt("getent", ["passwd", name]);
  return code === 0 ? stdout.trim().split(":")[5] : undefined;
}

/**
 * Raises `TESTBED_USER_EXISTS` if an account that the cluster needs is somebody else's, such as that of
 * a cluster with another state directory.
 */
export async function checkAccounts(layout: TestbedLayout): Promise<void> {
  for (const { name } of ACCOUNTS) {
    const home = await currentHome(name);
    if (home === undefined || home === homeOf(layout, name)) continue;
    throw new TestbedError(
      "TESTBED_USER_EXISTS",
      `There is a user "${name}" (home ${home}) that this test cluster did not make.`,
      "Take down the other test cluster with its own SLUICE_TESTBED_DIR, or remove that user.",
    );
  }
}

async function ensureUser(layout: TestbedLayout, account: TestbedAccount): Promise<void> {
  const { name, shell } = account;
  if (await currentHome(name) !== undefined) return;
  await run("useradd", [
    "--no-create-home",
    "--user-group",
    "--no-log-init",
    "--home-dir",
    homeOf(layout, name),
    "--shell",
    shell,
    name,
  ]);
}

async function furnishHome(
  layout: TestbedLayout,
  name: string,
  authorizedKeys: string,
): Promise<void> {
  const home = homeOf(layout, name);
  await makeDirectory(home, { mode: "0755", owner: name });
  await makeDirectory(`${home}/.ssh`, { mode: "0700", owner: name });
  await writeFile(`${home}/.ssh/authorized_keys`, authorizedKeys, { mode: "0600", owner: name });
  if (name !== NOISY_ACCOUNT) return;
  for (const file of [".bashrc", ".profile"]) {
    await writeFile(`${home}/${file}`, noisyProfile(file), { mode: "0644", owner: name });
  }
}

/** The password that all accounts have; made once, at random. */
export async function ensurePassword(layout: TestbedLayout): Promise<string> {
  const path = `${layout.keys}/password`;
  const existing = await readFileIfAny(path);
  if (existing !== undefined && existing.trim() !== "") return existing.trim();
  const password = crypto.randomUUID();
  await writeFile(path, `${password}\n`, { mode: "0600" });
  return password;
}

async function makeKeys(layout: TestbedLayout): Promise<void> {
  await Promise.all(KEYS.map(({ name, type, pem, encrypted }) =>
    runScript(
      `make the key ${name}`,
      `path=$1; shift
      [ -s "$path" ] && [ -s "$path.pub" ] && exit 0
      rm -f "$path" "$path.pub"
      ssh-keygen -q -C "sluice testbed" -f "$path" "$@"`,
      [
        keyPath(layout, name),
        ...["-t", type, "-N", encrypted ? PASSPHRASE : ""],
        ...(type === "rsa" ? ["-b", "2048"] : []),
        ...(pem ? ["-m", "PEM"] : []),
      ],
    )
  ));
}

function publicKeys(
  layout: TestbedLayout,
  keys: readonly { readonly name: KeyName }[],
): Promise<string[]> {
  return Promise.all(keys.map(({ name }) => run("cat", [`${keyPath(layout, name)}.pub`])));
}

async function writeKnownHosts(layout: TestbedLayout): Promise<void> {
  const controller = await publicKeys(layout, KEYS.filter((key) => key.host === "controller"));
  const node = await publicKeys(layout, KEYS.filter((key) => key.host === "node"));
  const text = knownHosts([
    { address: CONTROLLER_ADDRESS, publicKeys: controller },
    ...NODES.map(({ address }) => ({ address, publicKeys: node })),
  ]);
  await writeFile(layout.knownHosts, text, { mode: "0644" });
}

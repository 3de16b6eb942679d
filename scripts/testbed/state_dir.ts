/**
 * The state directory of the test cluster: its folders, configuration files, devices and small disks.
 *
 * @module
 */

import { attempt, attemptScript, run, runScript } from "./command.ts";
import { sshdConfPath } from "./daemon_list.ts";
import { TestbedError } from "./errors.ts";
import { makeDirectory, writeFile } from "./files.ts";
import { keyPath, KEYS } from "./key_list.ts";
import {
  CONTROLLER_ADDRESS,
  CONTROLLER_NAME,
  MAIN_ACCOUNT,
  NODE_GPUS,
  NODES,
  SMALL_DISK_BYTES,
  SMALL_DISKS,
  type TestbedLayout,
} from "./layout.ts";
import { cgroupConf, databaseInitSql, gresConf, slurmConf, slurmdbdConf } from "./slurm_conf.ts";
import { bannerPath, bannerText, sshdConf } from "./ssh_conf.ts";

/** Whether the directory is there and was made by the testbed. */
export async function isStateDir(layout: TestbedLayout): Promise<boolean> {
  return (await attempt("test", ["-f", layout.marker])).code === 0;
}

/**
 * Makes the directory and its folders. Raises `TESTBED_DIR_IN_USE` if it holds something that the
 * testbed did not put there, since `down` removes all of it.
 */
export async function raiseStateDir(layout: TestbedLayout): Promise<void> {
  if (!await isStateDir(layout)) {
    const { stdout } = await attemptScript('ls -A "$1" 2>/dev/null | head -n 1', [layout.dir]);
    if (stdout.trim() !== "") {
      throw new TestbedError(
        "TESTBED_DIR_IN_USE",
        `${layout.dir} holds files that the testbed did not make.`,
        "Set SLUICE_TESTBED_DIR to a directory that does not exist yet.",
      );
    }
  }
  await makeDirectory(layout.dir, { mode: "0755" });
  await writeFile(layout.marker, "", { mode: "0644" });
  for (const path of [layout.etc, layout.pids, layout.devices]) {
    await makeDirectory(path, { mode: "0755" });
  }
  for (const path of [layout.log, layout.spool, layout.controllerState]) {
    await makeDirectory(path, { mode: "0755", owner: "slurm" });
  }
  await makeDirectory(layout.munge, { mode: "0755", owner: "munge" });
  await makeDirectory(layout.database, { mode: "0755", owner: "mysql" });
  await makeRunSshd(layout);
  await makeDevices(layout);
}

/** Writes every configuration file; says whether any of them is new, so that daemons must restart. */
export async function writeConfiguration(layout: TestbedLayout): Promise<boolean> {
  const { etc } = layout;
  const controllerKeys = KEYS.filter((key) => key.host === "controller");
  const nodeKeys = KEYS.filter((key) => key.host === "node");
  const sshd = (host: string, address: string, keys: typeof KEYS) => ({
    path: sshdConfPath(layout, host),
    text: sshdConf(layout, { address, hostKeys: keys.map(({ name }) => keyPath(layout, name)) }),
    owner: "root",
    mode: "0644",
  });
  const files = [
    { path: layout.slurmConf, text: slurmConf(layout), owner: "slurm", mode: "0644" },
    { path: `${etc}/gres.conf`, text: gresConf(layout), owner: "slurm", mode: "0644" },
    { path: `${etc}/cgroup.conf`, text: cgroupConf(), owner: "slurm", mode: "0644" },
    { path: `${etc}/slurmdbd.conf`, text: slurmdbdConf(layout), owner: "slurm", mode: "0600" },
    { path: `${etc}/init.sql`, text: databaseInitSql(), owner: "mysql", mode: "0644" },
    { path: bannerPath(layout), text: bannerText(), owner: "root", mode: "0644" },
    sshd(CONTROLLER_NAME, CONTROLLER_ADDRESS, controllerKeys),
    ...NODES.map(({ name, address }) => sshd(name, address, nodeKeys)),
  ];
  const changed = await Promise.all(
    files.map(({ path, text, owner, mode }) => writeFile(path, text, { owner, mode })),
  );
  return changed.includes(true);
}

/** Makes the munge key unless there is one. */
export async function ensureMungeKey(layout: TestbedLayout): Promise<void> {
  if ((await attempt("test", ["-s", layout.mungeKey])).code === 0) return;
  await writeFile(layout.mungeKey, crypto.getRandomValues(new Uint8Array(128)), {
    mode: "0600",
    owner: "munge",
  });
}

/** Makes the database's files unless they are there; half-made ones are made again. */
export async function ensureDatabaseFiles(layout: TestbedLayout): Promise<void> {
  await runScript(
    "make the database",
    `files=$1 log=$2
    [ -d "$files" ] && exit 0
    rm -rf "$files.new"
    install -d -o mysql -g mysql -m 0700 "$files.new"
    mariadb-install-db --no-defaults --datadir="$files.new" --user=mysql --skip-test-db \\
      --auth-root-authentication-method=socket --auth-root-socket-user=root >"$log" 2>&1 ||
      { tail -n 5 "$log" >&2; exit 1; }
    mv "$files.new" "$files"`,
    [layout.databaseFiles, `${layout.log}/mariadb-install.out`],
  );
}

/** Mounts the small file systems for full-disk tests, which the main account may write. */
export async function mountSmallDisks(layout: TestbedLayout): Promise<void> {
  await makeDirectory(layout.smallDisks, { mode: "0755" });
  await runScript(
    "mount the small disks",
    `disks=$1 bytes=$2 user=$3; shift 3
    for disk; do
      mkdir -p "$disks/$disk"
      mountpoint -q "$disks/$disk" ||
        mount -t tmpfs -o "size=$bytes,mode=0755" sluice-smalldisk "$disks/$disk"
      chown "$user:" "$disks/$disk"
    done`,
    [layout.smallDisks, String(SMALL_DISK_BYTES), MAIN_ACCOUNT, ...SMALL_DISKS],
  );
}

/** Unmounts what is mounted in the state directory and removes the directory with all that is in it. */
export async function razeStateDir(layout: TestbedLayout): Promise<void> {
  await runScript(
    "remove /run/sshd if the testbed made it and no other sshd uses it",
    `[ -e "$1" ] || exit 0
    for exe in /proc/[0-9]*/exe; do
      [ "$(readlink "$exe" 2>/dev/null)" != /usr/sbin/sshd ] || exit 0
    done
    rmdir /run/sshd 2>/dev/null || true`,
    [layout.madeRunSshd],
  );
  await runScript(
    "unmount the small disks",
    `while read -r _ place _; do
      case $place in
      "$1"/*) umount "$place" 2>/dev/null || umount -l "$place" ;;
      esac
    done </proc/self/mounts`,
    [layout.dir],
  );
  await run("rm", ["-rf", "--one-file-system", "--", layout.dir]);
}

// sshd wants this directory to exist, wherever its own configuration is.
async function makeRunSshd(layout: TestbedLayout): Promise<void> {
  await runScript(
    "make /run/sshd",
    '[ -d /run/sshd ] || { touch "$1"; install -d -m 0755 /run/sshd; }',
    [layout.madeRunSshd],
  );
}

// Copies of /dev/null: Slurm only looks whether the files are there.
async function makeDevices(layout: TestbedLayout): Promise<void> {
  for (let index = 0; index < NODE_GPUS; index++) {
    await runScript(
      "make the fake GPUs",
      '[ -c "$1" ] || mknod -m 0666 "$1" c 1 3',
      [`${layout.devices}/fakegpu${index}`],
    );
  }
}

/**
 * The Debian packages that the test cluster needs.
 *
 * @module
 */

import { attempt, attemptScript, type CommandResult, run } from "./command.ts";
import { TestbedError } from "./errors.ts";
import type { Progress } from "./progress.ts";

/** A program that must be there, and the Debian package that brings it. */
export interface NeededProgram {
  /** Its name, as it is found on PATH. */
  readonly program: string;
  /** The package. */
  readonly package: string;
}

const NEEDED: readonly NeededProgram[] = [
  { program: "slurmctld", package: "slurm-wlm" },
  { program: "slurmd", package: "slurm-wlm" },
  { program: "sbatch", package: "slurm-wlm" },
  { program: "slurmdbd", package: "slurmdbd" },
  { program: "munged", package: "munge" },
  { program: "mariadbd", package: "mariadb-server" },
  { program: "mariadb-install-db", package: "mariadb-server" },
  { program: "sshd", package: "openssh-server" },
  { program: "ssh-keygen", package: "openssh-client" },
  { program: "ip", package: "iproute2" },
];

/**
 * Words of `flock` for who runs apt: tests that run side by side install packages, and apt fails where another of it
 * reads the lists. What a package starts does not hold the lock.
 */
const ONE_AT_A_TIME: readonly string[] = ["--close", "/var/cache/apt"];

/** For whoever else installs something on this machine. */
const WAIT_FOR_OTHERS: readonly string[] = ["-o", "DPkg::Lock::Timeout=60"];

// Only the account with a C shell needs it, so the cluster does without where it cannot be had.
const WISHED: readonly NeededProgram[] = [{ program: "tcsh", package: "tcsh" }];

/** The packages of those programs that are not on this machine. */
async function missing(programs: readonly NeededProgram[]): Promise<string[]> {
  const { stdout } = await attemptScript(
    'for program; do command -v "$program" >/dev/null || echo "$program"; done',
    programs.map(({ program }) => program),
  );
  const absent = new Set(stdout.split("\n"));
  return [
    ...new Set(
      programs.filter(({ program }) => absent.has(program)).map((needed) => needed.package),
    ),
  ];
}

/**
 * Installs what is missing with apt. Raises `TESTBED_UNSUPPORTED` where a cluster cannot be at all,
 * `TESTBED_PACKAGES_MISSING` where apt is not there or has no such package.
 *
 * @param programs What must be there. Default: what the cluster itself needs.
 */
export async function ensurePackages(
  progress: Progress,
  programs: readonly NeededProgram[] = NEEDED,
): Promise<void> {
  await checkMachine();
  const needed = await missing(programs);
  if (needed.length === 0) return;
  if (!await hasApt()) {
    throw new TestbedError(
      "TESTBED_PACKAGES_MISSING",
      `Missing here: ${needed.join(", ")} (names of Debian packages).`,
      "Install them with this system's package manager; only Debian's is known to the testbed.",
    );
  }
  progress(`installing ${needed.join(" ")}`);
  await installPackages(needed);
  const still = await missing(programs);
  if (still.length > 0) throw notInstalled(needed, `they do not bring ${still.join(", ")}`);
}

/**
 * Installs Debian packages with apt. Raises `TESTBED_PACKAGES_MISSING` if it cannot, `TESTBED_COMMAND_FAILED` if apt
 * cannot read its lists.
 */
export async function installPackages(packages: readonly string[]): Promise<void> {
  await run("flock", [...ONE_AT_A_TIME, "apt-get", "update", "-q"]);
  const { code, stderr } = await install(packages);
  if (code === 0) return;
  throw notInstalled(packages, stderr.trim().split("\n").slice(-2).join(" "));
}

/** Tries to install what the cluster can do without; says so if it must. */
export async function ensureWishedPackages(progress: Progress): Promise<void> {
  const wished = await missing(WISHED);
  if (wished.length === 0) return;
  const { code } = await install(wished);
  if (code !== 0) progress(`without ${wished.join(", ")}: the account with a C shell is left out`);
}

async function hasApt(): Promise<boolean> {
  return (await attemptScript("command -v apt-get", [])).code === 0;
}

function install(packages: readonly string[]): Promise<CommandResult> {
  const words = ["install", "-y", "-q", "--no-install-recommends", ...WAIT_FOR_OTHERS, ...packages];
  return attempt("flock", [...ONE_AT_A_TIME, "apt-get", ...words]);
}

function notInstalled(packages: readonly string[], why: string): TestbedError {
  return new TestbedError(
    "TESTBED_PACKAGES_MISSING",
    `apt could not install ${packages.join(", ")}: ${why}`,
    `Run \`apt-get install --no-install-recommends ${packages.join(" ")}\` and read its output.`,
  );
}

/** Raises `TESTBED_UNSUPPORTED` unless this is Linux, as root, with network namespaces allowed. */
export async function checkMachine(): Promise<void> {
  const next = "Run it as root on Linux, outside of an unprivileged container.";
  if (Deno.build.os !== "linux") {
    throw new TestbedError("TESTBED_UNSUPPORTED", "The test cluster needs Linux.", next);
  }
  if ((await run("id", ["-u"])).trim() !== "0") {
    throw new TestbedError("TESTBED_UNSUPPORTED", "The test cluster needs root.", next);
  }
  const { code, stderr } = await attempt("unshare", ["--net", "--uts", "true"]);
  if (code !== 0) {
    throw new TestbedError(
      "TESTBED_UNSUPPORTED",
      `Network namespaces are not allowed here: ${stderr.trim()}`,
      next,
    );
  }
}

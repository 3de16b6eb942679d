/**
 * The Debian packages that the test cluster needs.
 *
 * @module
 */

import { attempt, attemptScript, run } from "./command.ts";
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
  await run("apt-get", ["update", "-q"]);
  await install(needed, programs);
}

/** Tries to install what the cluster can do without; says so if it must. */
export async function ensureWishedPackages(progress: Progress): Promise<void> {
  const wished = await missing(WISHED);
  if (wished.length === 0) return;
  const { code } = await attempt("apt-get", installArguments(wished));
  if (code !== 0) progress(`without ${wished.join(", ")}: the account with a C shell is left out`);
}

async function hasApt(): Promise<boolean> {
  return (await attemptScript("command -v apt-get", [])).code === 0;
}

function installArguments(packages: readonly string[]): string[] {
  const waitForOthers = ["-o", "DPkg::Lock::Timeout=60"];
  return ["install", "-y", "-q", "--no-install-recommends", ...waitForOthers, ...packages];
}

async function install(
  packages: readonly string[],
  programs: readonly NeededProgram[],
): Promise<void> {
  const { code, stderr } = await attempt("apt-get", installArguments(packages));
  const still = await missing(programs);
  if (code === 0 && still.length === 0) return;
  throw new TestbedError(
    "TESTBED_PACKAGES_MISSING",
    `apt could not install ${still.join(", ") || packages.join(", ")}: ` +
      stderr.trim().split("\n").slice(-2).join(" "),
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

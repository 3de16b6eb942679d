/**
 * The groups that the tests run in: each is one `deno test` with permissions of its own.
 *
 * @module
 */

/** What permissions depend on. */
export interface Machine {
  /** Path of the running Deno, which some tests start. */
  readonly deno: string;
  /** Where temporary files go. */
  readonly temporary: string;
  /** State directory of the test cluster. */
  readonly testbed: string;
}

/** Test files that run together, with the same permissions. */
export interface TestGroup {
  readonly name: string;
  /** Beginnings of the paths of its files; a longer one in another group goes first. */
  readonly paths: readonly string[];
  /** Permission flags. */
  readonly permissions: (machine: Machine) => readonly string[];
  /** Where its files run, and beside what. */
  readonly lane: Lane;
}

/**
 * What runs at the same time: the lanes of a stage side by side, and the stages one after the other. The files of
 * a group on the cluster run one after the other; those of other groups side by side.
 *
 * - `cluster-a`, `cluster-b`, `cluster-c`: share the real cluster with each other, since most of their time they
 *   wait; each is about as long as the others.
 * - `nodes`: breaks nodes. `burst`: fills the queue with what never gets to a node.
 * - `alone`: breaks the cluster's daemons, and mostly waits for them. `machine`: needs no cluster, and keeps the
 *   processors busy.
 */
const STAGES = [
  ["cluster-a", "cluster-b", "cluster-c"],
  ["nodes", "burst"],
  ["machine", "alone"],
] as const;

/** See {@linkcode STAGES}. */
export type Lane = (typeof STAGES)[number][number];

/** Whether a lane needs the real cluster. */
export function isOnCluster(lane: Lane): boolean {
  return lane !== "machine";
}

const shells = "sh,bash,dash";

function scratch({ temporary }: Machine): string[] {
  return [`--allow-read=.,${temporary}`, `--allow-write=${temporary}`];
}

function clusterPermissions(machine: Machine): string[] {
  return [
    `--allow-read=.,${machine.temporary},${machine.testbed},/nonexistent`,
    `--allow-write=${machine.temporary},${machine.testbed}`,
    // Deno takes the socket of an SSH agent for network, and scopes it by its exact path only.
    "--allow-net",
    `--allow-run=${machine.deno},sh,ssh-agent,ssh-add,ssh-keygen`,
    "--allow-env",
    "--allow-sys=uid",
  ];
}

/** All groups, in the order in which they run. */
export const GROUPS: readonly TestGroup[] = [
  {
    name: "pure",
    paths: ["model/", "functions/", "slurm/", "actors/kernel/", "scripts/", "tests/architecture"],
    permissions: () => ["--allow-read=."],
    lane: "machine",
  },
  {
    name: "shells",
    paths: ["shell/", "launchers/"],
    permissions: (machine) => [
      ...scratch(machine),
      `--allow-run=${shells},setsid,kill`,
      "--allow-env=CI,SLUICE_WRITE_GOLDEN",
    ],
    lane: "machine",
  },
  {
    name: "store",
    paths: ["store/"],
    permissions: (machine) => [...scratch(machine), `--allow-run=${machine.deno}`],
    lane: "machine",
  },
  {
    name: "hosts",
    paths: ["hosts/", "tests/faults/"],
    permissions: (machine) => [
      ...scratch(machine),
      "--allow-net=127.0.0.1,0.0.0.0",
      "--allow-run=sh,kill",
    ],
    lane: "machine",
  },
  {
    // Deno makes symbolic links only for programs that may read and write everywhere.
    name: "links",
    paths: [
      "hosts/transfer_test.ts",
      "transfers/",
      "launchers/component_run_test.ts",
      "schedulers/slurm/",
    ],
    permissions: () => [
      "--allow-read",
      "--allow-write",
      `--allow-run=${shells},setsid,kill,timeout,uname`,
      "--allow-sys=uid",
    ],
    lane: "machine",
  },
  {
    name: "jobs",
    paths: ["schedulers/", "environments/", "actors/", "config/"],
    permissions: (machine) => [
      ...scratch(machine),
      `--allow-run=${shells},setsid,kill`,
      "--allow-env=LOG_STREAM,LOG_TOKENS,CI",
      "--allow-sys=uid",
    ],
    lane: "machine",
  },
  {
    name: "server",
    paths: ["rpc/", "cli/", "web/", "examples/", "tests/"],
    permissions: (machine) => [
      ...scratch(machine),
      "--allow-net=127.0.0.1",
      `--allow-run=${machine.deno},node,sh`,
      "--allow-env=LOG_STREAM,LOG_TOKENS,CI,HOME,XDG_CONFIG_HOME,XDG_STATE_HOME,SLUICE_*,SLURM_SSH_*",
    ],
    lane: "machine",
  },
  {
    name: "cluster",
    paths: ["tests/cluster/"],
    permissions: clusterPermissions,
    lane: "cluster-a",
  },
  {
    // Links are made of what is fetched.
    name: "files",
    paths: ["tests/cluster/files_test.ts"],
    permissions: (machine) => [
      "--allow-read",
      "--allow-write",
      ...clusterPermissions(machine).filter((flag) => !/^--allow-(?:read|write)=/.test(flag)),
    ],
    lane: "cluster-b",
  },
  {
    name: "sessions",
    paths: ["session", "standing", "step"].map((name) => `tests/cluster/${name}`),
    permissions: clusterPermissions,
    lane: "cluster-b",
  },
  {
    name: "kinds",
    paths: ["feeds", "link_losses", "mixed_jobs"].map((name) => `tests/cluster/${name}`),
    permissions: clusterPermissions,
    lane: "cluster-b",
  },
  {
    name: "logins",
    paths: ["tests/cluster/ssh_", "tests/cluster/openssh_"],
    permissions: clusterPermissions,
    lane: "cluster-c",
  },
  {
    name: "payloads",
    paths: ["functions", "ray", "software", "spark"].map((name) => `tests/cluster/${name}`),
    permissions: clusterPermissions,
    lane: "cluster-c",
  },
  {
    name: "nodes",
    paths: ["ray_lost_node", "sessions_nodes", "spark_lost_node", "step_node_failure"]
      .map((name) => `tests/cluster/${name}_test.ts`),
    permissions: clusterPermissions,
    lane: "nodes",
  },
  {
    name: "burst",
    paths: ["tests/cluster/burst_test.ts"],
    permissions: clusterPermissions,
    lane: "burst",
  },
  {
    name: "alone",
    paths: ["faults", "lost_jobs", "truth"].map((name) => `tests/cluster/${name}_test.ts`),
    permissions: clusterPermissions,
    lane: "alone",
  },
];

/** A group and those of the given files that belong to it. */
export interface Batch {
  readonly group: TestGroup;
  readonly files: readonly string[];
}

function groupOf(file: string, groups: readonly TestGroup[]): TestGroup {
  let best: TestGroup | undefined;
  let length = 0;
  for (const group of groups) {
    for (const path of group.paths) {
      if (file.startsWith(path) && path.length > length) [best, length] = [group, path.length];
    }
  }
  if (best === undefined) throw new Error(`${file} is in no group of scripts/test/group.ts`);
  return best;
}

/** Batches that run at the same time, each list in its order. */
export type Stage = readonly (readonly Batch[])[];

/** The batches of each stage, lane by lane; what has none is left out. */
export function stages(batches: readonly Batch[]): Stage[] {
  return STAGES
    .map((lanes) =>
      lanes
        .map((lane) => batches.filter(({ group }) => group.lane === lane))
        .filter((lane) => lane.length > 0)
    )
    .filter((stage) => stage.length > 0);
}

/**
 * Sorts test files into their groups; groups without a file are left out.
 *
 * @param files Paths from the root of the repository.
 * @throws {Error} For a file that no group covers, so that none is forgotten.
 */
export function batches(
  files: readonly string[],
  groups: readonly TestGroup[] = GROUPS,
): Batch[] {
  const sorted = new Map<TestGroup, string[]>(groups.map((group) => [group, []]));
  for (const file of files) sorted.get(groupOf(file, groups))?.push(file);
  return [...sorted].filter(([, files]) => files.length > 0)
    .map(([group, files]) => ({ group, files: files.toSorted() }));
}

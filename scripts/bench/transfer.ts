import { connectOpenSsh, connectSsh, type Host } from "../../hosts/mod.ts";
import { runScript } from "../testbed/mod.ts";
import { BenchCluster } from "./bench_cluster.ts";
import type { Benchmark, Contender } from "./benchmark.ts";
import { measure } from "./measure.ts";
import { OpenSsh } from "./peers/openssh.ts";
import {
  LARGE_BYTES,
  largeFile,
  makeFiles,
  same,
  SMALL_FILES,
  smallFiles,
  writeLarge,
} from "./transfer/files.ts";
import { OpenSshFiles } from "./transfer/openssh.ts";
import { fetchOutput, smallOutput } from "./transfer/output.ts";

const MEGABYTES = LARGE_BYTES / 1_000_000;

const ROUNDS = { measured: 3, warmUp: 1 };

/** One way of moving what a case moves, from a place to a new place. */
type Move = (to: string) => Promise<unknown>;

/** What a case moves, by whom. */
interface Way {
  readonly name: string;
  readonly unit: string;
  readonly contender: (name: string, move: Move) => Contender;
  readonly ours: (by: Host) => Move;
  readonly limit: Move;
  readonly sftp: Move;
}

/**
 * How fast files are moved between this machine and the cluster, over connections that stand: one of
 * 200 MB, and 2,000 of 1 to 8 kB. All files are read from and written to the file system. `small-down` fetches
 * them as the output of a job is fetched, which checks what has come by its SHA-256. The limits are
 * `scp`, and `tar` piped through `ssh` into `tar`; the peer is `sftp`, which moves one file after the other.
 * The cases `…-openssh` are ours over OpenSSH's own client instead of ssh2, beside the same limits.
 * After each round the copies are compared with what they are copies of.
 */
export const transfer: Benchmark = {
  about: "MB/s of a large file and files/s of small ones, up and down",
  onCluster: true,
  async run(tell) {
    await using cluster = await BenchCluster.open();
    const { directory, remoteDirectory: remote } = cluster.workspace;
    const config = cluster.workspace.config(cluster.config);
    if (config.type !== "slurm") throw new Error("the test cluster is not reached over SSH");
    await using host = await connectSsh(config);
    await using overOpenSsh = await connectOpenSsh(config);
    await using _master = await OpenSsh.open(cluster.address, directory);
    const openssh = new OpenSshFiles(cluster.address, directory);
    await host.makeDirectory(remote);
    await makeFiles(directory);
    const output = await smallOutput(directory, `${remote}/small`);
    await openssh.scp(`${directory}/large`, `:${remote}/large`);
    await openssh.tarUp(`${directory}/small`, `${remote}/small`);

    // The cluster's files are on this machine, so what is there can be compared and removed.
    const moving = (amount: number, place: string, original: string, move: Move): Contender => ({
      async run() {
        await move(place);
        return amount;
      },
      async reset() {
        await same(original, place);
        await runScript("rm", 'rm -r "$1"', [place]);
      },
    });
    const large = (where: string) => (name: string, move: Move) =>
      moving(MEGABYTES, `${where}/large-${name}`, `${directory}/large`, move);
    const small = (where: string) => (name: string, move: Move) =>
      moving(SMALL_FILES, `${where}/small-${name}`, `${directory}/small`, move);
    const lines = async (command: string, from: string, to: string) => {
      const paths: string[] = [];
      const directories: string[] = [];
      for await (const { path, directory } of below(from)) {
        (directory ? directories : paths).push(path);
      }
      return {
        directories,
        lines: paths.map((path) => `${command} ${from}/${path} ${to}/${path}`),
      };
    };

    const ways: readonly Way[] = [
      {
        name: "large-up",
        unit: "MB/s",
        contender: large(remote),
        ours: (by) => async (to) =>
          await by.put(await largeFile(directory), to, { size: LARGE_BYTES }),
        limit: (to) => openssh.scp(`${directory}/large`, `:${to}`),
        sftp: (to) => openssh.sftp([`put ${directory}/large ${to}`]),
      },
      {
        name: "large-down",
        unit: "MB/s",
        contender: large(directory),
        ours: (by) => async (to) => await writeLarge(await by.get(`${remote}/large`), to),
        limit: (to) => openssh.scp(`:${remote}/large`, to),
        sftp: (to) => openssh.sftp([`get ${remote}/large ${to}`]),
      },
      {
        name: "small-up",
        unit: "files/s",
        contender: small(remote),
        ours: (by) => (to) => by.putFiles(smallFiles(directory), to),
        limit: (to) => openssh.tarUp(`${directory}/small`, to),
        async sftp(to) {
          const found = await lines("put", `${directory}/small`, to);
          const made = ["", ...found.directories.map((path) => `/${path}`)];
          await openssh.sftp([...made.map((path) => `mkdir ${to}${path}`), ...found.lines]);
        },
      },
      {
        name: "small-down",
        unit: "files/s",
        contender: small(directory),
        ours: (by) => (to) => fetchOutput(by, output, to),
        limit: (to) => openssh.tarDown(`${remote}/small`, to),
        async sftp(to) {
          const found = await lines("get", `${remote}/small`, to);
          for (const path of found.directories) {
            await Deno.mkdir(`${to}/${path}`, { recursive: true });
          }
          await openssh.sftp(found.lines);
        },
      },
    ];
    for (const { name, unit, contender, ours, limit, sftp } of ways) {
      tell(
        await measure({
          name,
          unit,
          ours: contender("ours", ours(host)),
          limit: contender("limit", limit),
          peers: { sftp: contender("sftp", sftp) },
        }, ROUNDS),
      );
    }
    for (const { name, unit, contender, ours, limit } of ways) {
      tell(
        await measure({
          name: `${name}-openssh`,
          unit,
          ours: contender("ours", ours(overOpenSsh)),
          limit: contender("limit", limit),
          peers: {},
        }, ROUNDS),
      );
    }
  },
};

/** Everything below a directory, each directory before what it holds. */
async function* below(
  directory: string,
  prefix = "",
): AsyncGenerator<{ readonly path: string; readonly directory: boolean }> {
  for await (const { name, isDirectory } of Deno.readDir(`${directory}/${prefix}`)) {
    const path = `${prefix}${name}`;
    yield { path, directory: isDirectory };
    if (isDirectory) yield* below(directory, `${path}/`);
  }
}

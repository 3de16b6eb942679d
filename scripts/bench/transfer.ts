import { connectSsh } from "../../hosts/mod.ts";
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
  writeSmall,
} from "./transfer/files.ts";
import { OpenSshFiles } from "./transfer/openssh.ts";

const MEGABYTES = LARGE_BYTES / 1_000_000;

/** One way of moving what a case moves, from a place to a new place. */
type Move = (to: string) => Promise<unknown>;

/**
 * How fast files are moved between this machine and the cluster, over connections that stand: one of
 * 200 MB, and 2,000 of 1 to 8 kB. All files are read from and written to the file system. The limits are
 * `scp`, and `tar` piped through `ssh` into `tar`; the peer is `sftp`, which moves one file after the other.
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
    await using _master = await OpenSsh.open(cluster.address, directory);
    const openssh = new OpenSshFiles(cluster.address, directory);
    await host.makeDirectory(remote);
    await makeFiles(directory);
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
    const rounds = { measured: 5, warmUp: 1 };
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

    const largeUp = large(remote);
    tell(
      await measure({
        name: "large-up",
        unit: "MB/s",
        ours: largeUp(
          "ours",
          async (to) => await host.put(await largeFile(directory), to, { size: LARGE_BYTES }),
        ),
        limit: largeUp("scp", (to) => openssh.scp(`${directory}/large`, `:${to}`)),
        peers: { sftp: largeUp("sftp", (to) => openssh.sftp([`put ${directory}/large ${to}`])) },
      }, rounds),
    );
    const largeDown = large(directory);
    tell(
      await measure({
        name: "large-down",
        unit: "MB/s",
        ours: largeDown(
          "ours",
          async (to) => await writeLarge(await host.get(`${remote}/large`), to),
        ),
        limit: largeDown("scp", (to) => openssh.scp(`:${remote}/large`, to)),
        peers: { sftp: largeDown("sftp", (to) => openssh.sftp([`get ${remote}/large ${to}`])) },
      }, rounds),
    );
    const smallUp = small(remote);
    tell(
      await measure({
        name: "small-up",
        unit: "files/s",
        ours: smallUp("ours", (to) => host.putFiles(smallFiles(directory), to)),
        limit: smallUp("tar", (to) => openssh.tarUp(`${directory}/small`, to)),
        peers: {
          sftp: smallUp("sftp", async (to) => {
            const from = `${directory}/small`;
            const found = await lines("put", from, to);
            const made = ["", ...found.directories.map((path) => `/${path}`)];
            await openssh.sftp([...made.map((path) => `mkdir ${to}${path}`), ...found.lines]);
          }),
        },
      }, rounds),
    );
    const smallDown = small(directory);
    tell(
      await measure({
        name: "small-down",
        unit: "files/s",
        ours: smallDown("ours", (to) => writeSmall(host.getFiles(`${remote}/small`), to)),
        limit: smallDown("tar", (to) => openssh.tarDown(`${remote}/small`, to)),
        peers: {
          sftp: smallDown("sftp", async (to) => {
            const found = await lines("get", `${remote}/small`, to);
            for (const path of found.directories) {
              await Deno.mkdir(`${to}/${path}`, { recursive: true });
            }
            await openssh.sftp(found.lines);
          }),
        },
      }, rounds),
    );
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

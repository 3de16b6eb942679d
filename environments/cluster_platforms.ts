/**
 * What the nodes of a cluster are. Pure.
 *
 * @module
 */

import { UNAME } from "../launchers/mod.ts";
import type { Platform } from "../model/mod.ts";
import { parseNodeArchitectures, SHOW_ARCHITECTURES } from "../slurm/mod.ts";
import { PlatformMismatchError } from "./errors.ts";

/** What the nodes of a cluster are. */
export interface ClusterPlatforms {
  /** What `uname -sm` prints on the machine that is reached. */
  readonly login: string;
  /** What it would print on nodes, with the partitions that have some; empty where nobody tells. */
  readonly nodes: readonly { readonly uname: string; readonly partitions: readonly string[] }[];
}

/** The program whose output {@linkcode parsePlatforms} reads. */
export const PLATFORMS_PROGRAM = [
  "uname -sm",
  `if command -v scontrol >/dev/null 2>&1; then ${SHOW_ARCHITECTURES}; fi`,
].join("\n");

/** What the nodes of the cluster are. */
export function parsePlatforms(output: string): ClusterPlatforms {
  const login = output.slice(0, output.indexOf("\n"));
  const system = login.split(" ")[0] ?? "";
  return {
    login,
    nodes: parseNodeArchitectures(output).map(({ machine, partitions }) => ({
      uname: `${system} ${machine}`,
      partitions,
    })),
  };
}

/** A platform as people know it. */
function nameOf(uname: string): string {
  return Object.entries(UNAME).find(([, printed]) => printed === uname)?.[0] ?? uname;
}

/**
 * Checks that there are nodes that can run the software.
 *
 * @param platform What it runs on, where that is known.
 * @param partition The partition, or several separated by commas. Default: any.
 * @throws {PlatformMismatchError} There are none.
 */
export function checkPlatform(
  { login, nodes }: ClusterPlatforms,
  platform: Platform | undefined,
  partition: string | undefined,
): void {
  if (platform === undefined || platform === "any") return;
  const asked = partition?.split(",");
  const inAsked = nodes.filter(({ partitions }) =>
    asked === undefined || partitions.some((one) => asked.includes(one))
  );
  const candidates = inAsked.length > 0 ? inAsked.map(({ uname }) => uname) : [login];
  if (candidates.includes(UNAME[platform])) return;
  const where = inAsked.length === 0 || partition === undefined
    ? "the cluster"
    : `the partition ${partition}`;
  throw new PlatformMismatchError(platform, [...new Set(candidates.map(nameOf))], where);
}

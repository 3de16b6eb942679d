/**
 * The software that a payload finds: what a cluster has, or what is brought along.
 *
 * @module
 */

import { z } from "zod";

const line = z.string().min(1).max(4096).refine(
  // deno-fmt-ignore
  (value) => !/[\p{Cc}\p{Cs}]/u.test(value),
  "must be one line of valid Unicode",
);
/** A word of a command. */
const word = z.string().max(128 * 1024).refine(
  (value) => !value.includes("\0") && value.isWellFormed(),
  "must be valid Unicode without a NUL character",
);
/** What commands take as a name, not as an option. */
const name = line.refine((value) => !value.startsWith("-"), "must not start with '-'");
const remotePath = line.refine(
  (path) => path.startsWith("/") || path === "~" || path.startsWith("~/"),
  "must be an absolute path or start with '~/'",
);
const pathWithin = line.refine(
  (path) => !path.startsWith("/") && !path.split("/").includes(".."),
  "must be a path within the archive: relative, and without '..'",
);

/** What an environment that is sent must fit. */
export const platformSchema = z.enum(["linux-x86_64", "linux-aarch64", "linux-ppc64le", "any"])
  .describe(
    "What the packed software runs on: `any` for what runs everywhere, such as plain scripts.",
  );
/** See {@linkcode platformSchema}. */
export type Platform = z.infer<typeof platformSchema>;

/** The SHA-256 of an archive, by which the environment that it holds is known on a cluster. */
export const contentHashSchema = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex")
  .describe("SHA-256 of the archive, in hex.");

const packed = {
  platform: platformSchema.optional().describe(
    "What it runs on. Default: what the archive's own programs tell, where they tell it.",
  ),
  root: pathWithin.optional().describe(
    "Path within the archive of the directory that is the environment. Default: the archive's top.",
  ),
  activate: pathWithin.default("activate.sh").describe(
    "Path within the environment of the script that bash sources before the payload starts; it finds the directory of the environment in `SLUICE_ENVIRONMENT`.",
  ),
};

/** What the payload finds of software; see each kind. */
export const softwareSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }).describe("What the nodes have."),
  z.strictObject({
    kind: z.literal("modules"),
    modules: z.array(name).min(1).max(100).describe("Names as `module load` takes them."),
    purge: z.boolean().default(true).describe("Whether `module purge` comes first."),
  }).describe("Environment modules of the cluster (Lmod or Tcl)."),
  z.strictObject({
    kind: z.literal("conda"),
    environment: name.describe("Name or path of an environment of conda on the cluster."),
    conda: remotePath.optional().describe(
      "Path of the conda, mamba or micromamba program on the cluster. Default: that on PATH.",
    ),
  }).describe("A conda environment that is on the cluster."),
  z.strictObject({
    kind: z.literal("venv"),
    path: remotePath.describe("Directory of the virtual environment on the cluster."),
  }).describe("A Python virtual environment that is on the cluster."),
  z.strictObject({
    kind: z.literal("archive"),
    path: line.describe(
      "Path of the archive (tar, plain or compressed with gzip, bzip2, xz or zstd, or a self-extracting script such as pixi-pack makes) where Sluice runs.",
    ),
    ...packed,
  }).describe(
    "An archive that is sent to the cluster: once for each content, however many jobs use it.",
  ),
  z.strictObject({
    kind: z.literal("pack"),
    command: z.array(word).min(1).max(1_000).describe(
      "The command that makes the archive where Sluice runs; `{output}` in it stands for the path to write, which may get an ending such as `.tar.gz`.",
    ),
    directory: line.optional().describe("Where it runs. Default: Sluice's working directory."),
    inputs: z.array(line).max(1_000).default([]).describe(
      "Files that the archive depends on, such as a lock file: the command runs again only when one has changed or, where none is named, once for each time that Sluice is started.",
    ),
    ...packed,
  }).describe("A command that makes an archive, which is then sent like any other."),
  z.strictObject({
    kind: z.literal("environment"),
    sha256: contentHashSchema,
    ...packed,
  }).describe("An environment that was sent to the cluster before, by what its archive holds."),
]).describe("The software that the payload finds. Default: what the nodes have.");

/** See {@linkcode softwareSchema}. */
export type Software = z.infer<typeof softwareSchema>;
/** Software that is brought along. */
export type PackedSoftware = Extract<Software, { kind: "archive" | "pack" }>;
/** Software that was brought along, and lies on the cluster. */
export type SentSoftware = Extract<Software, { kind: "environment" }>;

/** An environment that lies on the cluster, ready to be unpacked or unpacked already. */
export const sentEnvironmentSchema = z.object({
  sha256: contentHashSchema,
  platform: platformSchema.optional().describe("What it runs on, where that is known."),
}).describe("An environment that lies on the cluster.");
/** See {@linkcode sentEnvironmentSchema}. */
export type SentEnvironment = z.infer<typeof sentEnvironmentSchema>;

/** Whether the software is brought along, and so must be sent. */
export function isPacked(software: Software): software is PackedSoftware {
  return software.kind === "archive" || software.kind === "pack";
}

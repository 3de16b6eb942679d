/**
 * An amount of memory as Slurm takes it.
 *
 * @module
 */

import { z } from "zod";

/** An amount of memory: `4G`, `500M`, or a number of MiB, as Slurm takes it. */
export const memorySchema = z.union([z.string().min(1), z.int().nonnegative()]).describe(
  "Memory as Slurm takes it: a number of MiB, or with a suffix K, M, G or T, such as `4G`.",
);

/**
 * Text that reaches the cluster.
 *
 * @module
 */

import { z } from "zod";

/** Text that can be written as UTF-8 and as a C string: no NUL, no lone surrogate. */
export const textSchema = z.string().refine(
  (value) => !value.includes("\0"),
  "must not hold a NUL character",
).refine((value) => value.isWellFormed(), "must be valid Unicode");

/** A path on the cluster that does not depend on where it is read from. */
export const remotePathSchema = textSchema.min(1).refine(
  (path) => path.startsWith("/") || path === "~" || path.startsWith("~/"),
  "must be an absolute path or start with '~/'",
);

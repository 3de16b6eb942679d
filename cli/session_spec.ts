/**
 * The session that the options of `session open` describe.
 *
 * @module
 */

import { z } from "zod";
import { parseInput, sessionSpecSchema } from "../model/mod.ts";
import type { SessionSpec } from "../model/mod.ts";
import { UsageError } from "./errors.ts";
import {
  number,
  pairs,
  present,
  resourceOptionsSchema,
  resources,
  schedulerOptions,
} from "./resource_options.ts";

/** The options of `session open` that say what the session is, as the command line has them. */
export const sessionOptionsSchema = z.object({
  ...resourceOptionsSchema.shape,
  name: z.string().optional(),
  label: z.array(z.string()).default([]),
  option: z.array(z.string()).default([]),
  key: z.string().optional(),
  maxConcurrent: z.string().optional(),
  idle: z.string().optional(),
  notice: z.string().optional(),
  onNodeFailure: z.string().optional(),
  owner: z.string().optional(),
  lease: z.string().optional(),
});

/** See {@linkcode sessionOptionsSchema}. */
export type SessionOptions = z.infer<typeof sessionOptionsSchema>;

const closingSchema = sessionSpecSchema.pick({ onNodeFailure: true, owner: true }).partial();

/** With whom the session closes. */
function owner({ owner, lease }: SessionOptions): Record<string, unknown> | undefined {
  if (owner !== undefined && lease !== undefined) {
    throw new UsageError("--owner and --lease both say when it closes.", "Leave one of them out.");
  }
  if (owner !== undefined) return { kind: "job", jobId: owner };
  return lease === undefined ? undefined : { kind: "lease", seconds: number(lease) };
}

/**
 * The session that the options describe, checked before anything is sent.
 *
 * @throws {UsageError} For options that contradict each other.
 * @throws {InvalidInputError} Naming every field that is wrong.
 */
export function sessionSpec(cluster: string, options: SessionOptions): SessionSpec {
  const given = (value: string | undefined) => value === undefined ? undefined : number(value);
  return parseInput(sessionSpecSchema, {
    cluster,
    resources: resources(options),
    labels: pairs(options.label, "--label"),
    options: schedulerOptions(options.option),
    ...present({
      name: options.name,
      idempotencyKey: options.key,
      maxConcurrent: given(options.maxConcurrent),
      idleSeconds: given(options.idle),
      noticeSeconds: given(options.notice),
    }),
    ...parseInput(
      closingSchema,
      present({ onNodeFailure: options.onNodeFailure, owner: owner(options) }),
    ),
  });
}

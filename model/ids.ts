/**
 * Branded identifiers: a job's id cannot be passed where a Slurm id is wanted.
 *
 * @module
 */

import { z } from "zod";
import type { RandomBytes } from "./uuid.ts";
import { uuidv7 } from "./uuid.ts";

/** Sluice's own id of a job: a UUIDv7, so ids sort by time of acceptance. */
export const jobIdSchema = z.uuidv7().brand<"JobId">().describe(
  "Sluice's own id of a job, a UUIDv7.",
);
/** See {@linkcode jobIdSchema}. */
export type JobId = z.infer<typeof jobIdSchema>;

/**
 * Id of a session. It is also the id of the job that holds the session's allocation, so that the two have
 * one history and one directory.
 */
export const sessionIdSchema = z.uuidv7().brand<"SessionId">().describe(
  "Sluice's own id of a session, a UUIDv7: also the id of the job that holds its allocation.",
);
/** See {@linkcode sessionIdSchema}. */
export type SessionId = z.infer<typeof sessionIdSchema>;

/** The job that holds the allocation of a session. */
export function allocationJob(sessionId: SessionId): JobId {
  return jobIdSchema.parse(sessionId);
}

/** The session whose allocation a job holds. */
export function sessionOfAllocation(jobId: JobId): SessionId {
  return sessionIdSchema.parse(jobId);
}

/** Name of a session that the configuration of a cluster describes. */
export const sessionNameSchema = z.string().regex(
  /^[A-Za-z][A-Za-z0-9._-]{0,30}$/,
  "a session's name has letters, digits, '.', '_' and '-', starts with a letter, and has at most 31 characters",
).brand<"SessionName">().describe("Name of a session in the configuration of its cluster.");
/** See {@linkcode sessionNameSchema}. */
export type SessionName = z.infer<typeof sessionNameSchema>;

/**
 * Id of one attempt at a job: the job's own id for the first, `ID.2` for the second and so on. It is what
 * the scheduler and the files on a cluster know a job by.
 */
export const attemptIdSchema = z.string().regex(
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?:\.(?:[2-9]|[1-9]\d{1,3}))?$/,
  "an attempt's id is the job's id, from the second attempt on with '.' and the attempt's number",
).brand<"AttemptId">().describe("Id of one attempt at a job.");
/** See {@linkcode attemptIdSchema}. */
export type AttemptId = z.infer<typeof attemptIdSchema>;

/**
 * The id of an attempt at a job.
 *
 * @param attempt Number of the attempt, from 1.
 */
export function attemptId(jobId: JobId, attempt: number): AttemptId {
  return attemptIdSchema.parse(attempt === 1 ? jobId : `${jobId}.${attempt}`);
}

/** The job of an attempt, and the attempt's number. */
export function attemptParts(id: AttemptId): { readonly jobId: JobId; readonly attempt: number } {
  const [job, attempt = "1"] = id.split(".");
  return { jobId: jobIdSchema.parse(job), attempt: Number(attempt) };
}

/** Name of a cluster as it stands in the configuration. */
export const clusterNameSchema = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  "a cluster name has letters, digits, '.', '_' and '-', starts with a letter or digit, and has at most 63 characters",
).brand<"ClusterName">().describe("Name of a cluster in the configuration.");
/** See {@linkcode clusterNameSchema}. */
export type ClusterName = z.infer<typeof clusterNameSchema>;

/**
 * The scheduler's own id. Always a string: Slurm has `12`, `12_4` (array task) and `12+1`
 * (heterogeneous component).
 */
export const schedulerIdSchema = z.string().min(1).max(128).regex(/^[A-Za-z0-9_+.:-]+$/).brand<
  "SchedulerId"
>().describe("The scheduler's own id of the job, such as Slurm's '12' or '12_4'.");
/** See {@linkcode schedulerIdSchema}. */
export type SchedulerId = z.infer<typeof schedulerIdSchema>;

/**
 * A new job id.
 *
 * @param now Milliseconds since the epoch; its leading bits order the ids. Default: the system clock.
 * @param randomBytes Source of the random bits. Default: `crypto.getRandomValues`.
 */
export function newJobId(now: number = Date.now(), randomBytes?: RandomBytes): JobId {
  return jobIdSchema.parse(uuidv7(now, randomBytes));
}

/**
 * Signals that can be sent to a job.
 *
 * @module
 */

import { z } from "zod";

/** Name of a signal, without `SIG`: those that POSIX names and that a program can be sent to some use. */
export const signalNameSchema = z.enum([
  "HUP",
  "INT",
  "QUIT",
  "USR1",
  "USR2",
  "ALRM",
  "TERM",
  "CONT",
  "XCPU",
  "KILL",
]).describe("Name of a signal, without `SIG`.");
/** See {@linkcode signalNameSchema}. */
export type SignalName = z.infer<typeof signalNameSchema>;

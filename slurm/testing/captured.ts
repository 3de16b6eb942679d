/**
 * What was captured from a test cluster, for the tests of this folder.
 *
 * @module
 */

import { z } from "zod";

/** The bytes of a file of captured output. */
export function testdata(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(`../testdata/${name}`, import.meta.url));
}

/** The text of a file of captured output. */
export function testdataText(name: string): string {
  return new TextDecoder().decode(testdata(name));
}

/** The ids of the jobs in the captured output, by the names of their cases. */
export const capturedIds = z.record(z.string(), z.string()).parse(
  JSON.parse(testdataText("jobs.json")),
);

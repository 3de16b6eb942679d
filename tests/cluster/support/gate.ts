/**
 * Payloads that wait for the test.
 *
 * @module
 */

import { quote } from "../../../shell/mod.ts";

/** The command of a shell that waits until the file is there. */
export function untilThere(path: string): string {
  return `until [ -e ${quote(path)} ]; do sleep 0.1; done`;
}

/**
 * The test cluster's lines in `/etc/hosts`.
 *
 * @module
 */

import { CONTROLLER_ADDRESS, CONTROLLER_NAME, NODES } from "./layout.ts";

const BEGIN = "# sluice testbed: begin";
const END = "# sluice testbed: end";

/** `text` without the test cluster's lines: byte for byte what it was before they were added. */
export function withoutTestbedHosts(text: string): string {
  const begin = text.indexOf(`${BEGIN}\n`);
  if (begin === -1) return text;
  const end = text.indexOf(`${END}\n`, begin);
  // A block that was cut off in the middle reaches to the end of the file.
  const rest = end === -1 ? "" : text.slice(end + END.length + 1);
  return withoutTestbedHosts(text.slice(0, begin) + rest);
}

/** `text` with the test cluster's names in front, so that they win over others' entries. */
export function withTestbedHosts(text: string): string {
  const lines = [
    `${CONTROLLER_ADDRESS} ${CONTROLLER_NAME}`,
    ...NODES.map(({ address, name }) => `${address} ${name}`),
  ];
  return [BEGIN, ...lines, END, ""].join("\n") + withoutTestbedHosts(text);
}

/**
 * Errors for people.
 *
 * @module
 */

import type { ErrorInfo } from "../../model/mod.ts";
import { visible } from "./text.ts";

function lines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** `error CODE: message`, and under it `next: …`. */
export function errorText({ code, message, next }: ErrorInfo): string {
  return `error ${code}: ${lines(message)}\nnext: ${lines(next)}\n`;
}

/**
 * What payloads say, in plain words.
 *
 * @module
 */

import type { Message, MetadataValue } from "../../model/mod.ts";

/** Longest text of one value, in characters. */
const MOST_VALUE = 200;

function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MOST_VALUE ? `${text.slice(0, MOST_VALUE)}…` : text;
}

function withMetadata(metadata: Readonly<Record<string, MetadataValue>>): string {
  const values = Object.entries(metadata).map(([name, { value }]) => `${name}=${short(value)}`);
  return values.length === 0 ? "" : `: ${values.join(", ")}`;
}

/** One message: `check 'no gaps' of tides passed`. */
export function messageText(message: Message): string {
  switch (message.kind) {
    case "opened":
      return "messages opened";
    case "closed":
      return message.exception === undefined
        ? "messages closed"
        : `messages closed by ${
          message.exception.name ?? "an exception"
        }: ${message.exception.message.trim()}`;
    case "log":
      return `${message.level}: ${message.text}`;
    case "materialization": {
      const version = message.dataVersion === undefined ? "" : ` version ${message.dataVersion}`;
      return `materialized ${message.assetKey}${version}${withMetadata(message.metadata)}`;
    }
    case "check": {
      const { assetKey, name, passed, severity, metadata } = message;
      const outcome = passed ? "passed" : `failed (${severity})`;
      return `check '${name}' of ${assetKey} ${outcome}${withMetadata(metadata)}`;
    }
    case "custom":
      return `message ${short(message.payload)}`;
    case "output":
      return `${message.stream}: ${short(message.text)}`;
    case "unreadable":
      return `unreadable message '${short(message.text)}': ${message.reason}`;
  }
}

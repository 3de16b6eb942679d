/**
 * `SLURM_SSH_OPTS_EXTRA`: options as they are given to the ssh command.
 *
 * @module
 */

import { z } from "zod";
import { SshOptionError } from "./errors.ts";

/** What the options mean for a cluster. */
export interface SshOptions {
  /** Which host keys are trusted. */
  readonly policy?: "strict" | "accept-new" | "insecure";
  /** Path of the known_hosts file. */
  readonly knownHosts?: string;
  /** Hosts to go through. */
  readonly proxyJump?: string;
  /** Port. */
  readonly port?: number;
  /** User. */
  readonly user?: string;
  /** Path of the private key. */
  readonly keyFile?: string;
  /** Seconds that connecting may take. */
  readonly connectTimeoutSeconds?: number;
  /** Seconds between probes of a silent connection. */
  readonly keepaliveSeconds?: number;
}

/** Splits text into words as a shell does: blanks separate; quotes and backslashes protect. */
function words(text: string): string[] {
  const found: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let place = 0; place < text.length; place++) {
    const letter = text.charAt(place);
    if (quote !== undefined) {
      if (letter === quote) quote = undefined;
      else word = `${word ?? ""}${letter}`;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (letter === "\\") {
      place++;
      word = `${word ?? ""}${text.charAt(place)}`;
    } else if (/\s/.test(letter)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else {
      word = `${word ?? ""}${letter}`;
    }
  }
  if (quote !== undefined) throw new SshOptionError("the whole value", `a ${quote} is not closed`);
  if (word !== undefined) found.push(word);
  return found;
}

const shortOptions: Readonly<Record<string, string>> = {
  p: "port",
  l: "user",
  i: "identityfile",
  J: "proxyjump",
};

/** Every option as a name in lower case and a value; `-o` in all its spellings, and its short forms. */
function pairs(list: readonly string[]): { option: string; name: string; value: string }[] {
  const found: { option: string; name: string; value: string }[] = [];
  for (let place = 0; place < list.length; place++) {
    const word = list[place] ?? "";
    const letter = /^-([a-zA-Z0-9])/.exec(word)?.[1];
    if (letter === undefined) throw new SshOptionError(word, "is not an ssh option");
    const short = shortOptions[letter];
    if (short === undefined && letter !== "o") {
      throw new SshOptionError(`-${letter}`, "cannot be honoured");
    }
    const value = word.length > 2 ? word.slice(2) : list[++place];
    if (value === undefined) throw new SshOptionError(`-${letter}`, "needs a value");
    if (short !== undefined) {
      found.push({ option: `-${letter}`, name: short, value });
      continue;
    }
    const match = /^\s*([A-Za-z0-9]+)\s*[=\s]\s*(.*)$/s.exec(value);
    const option = match?.[1] ?? value;
    if (match === null) throw new SshOptionError(option, "needs a value, as in -o Name=value");
    found.push({ option, name: option.toLowerCase(), value: (match[2] ?? "").trim() });
  }
  return found;
}

const portSchema = z.coerce.number().int().min(1).max(65_535);
const secondsSchema = z.coerce.number().int();

function policy(option: string, value: string): "strict" | "accept-new" | "insecure" {
  switch (value.toLowerCase()) {
    case "yes":
    case "ask":
      return "strict";
    case "accept-new":
      return "accept-new";
    case "no":
    case "off":
      return "insecure";
    default:
      throw new SshOptionError(option, "must be yes, ask, accept-new, no or off");
  }
}

function numberOf(option: string, value: string, schema: z.ZodType<number>, what: string): number {
  const parsed = schema.safeParse(value);
  if (value === "" || !parsed.success) throw new SshOptionError(option, `must be ${what}`);
  return parsed.data;
}

function seconds(option: string, value: string, most: number): number {
  return numberOf(
    option,
    value,
    secondsSchema.pipe(z.number().min(1).max(most)),
    `a number of seconds from 1 to ${most}`,
  );
}

function meaning(option: string, name: string, value: string): SshOptions {
  switch (name) {
    case "stricthostkeychecking":
      return { policy: policy(option, value) };
    case "userknownhostsfile":
      return { knownHosts: value };
    case "proxyjump":
      return { proxyJump: value };
    case "port":
      return { port: numberOf(option, value, portSchema, "a port from 1 to 65535") };
    case "user":
      return { user: value };
    case "identityfile":
      return { keyFile: value };
    case "connecttimeout":
      return { connectTimeoutSeconds: seconds(option, value, 600) };
    case "serveraliveinterval":
      return { keepaliveSeconds: seconds(option, value, 3600) };
    default:
      throw new SshOptionError(option, "cannot be honoured");
  }
}

/**
 * What the text of `SLURM_SSH_OPTS_EXTRA` means. As with ssh, the first value given for an option wins.
 *
 * Source: ssh(1) and ssh_config(5) of OpenSSH 9.2.
 *
 * @throws {SshOptionError} Naming an option that Sluice cannot honour: better than to ignore it.
 */
export function parseSshOptions(text: string): SshOptions {
  return pairs(words(text)).reduce<SshOptions>(
    (options, { option, name, value }) => ({ ...meaning(option, name, value), ...options }),
    {},
  );
}

/**
 * The bearer token that every call must carry.
 *
 * @module
 */

import { join } from "node:path";
import { TokenError } from "./errors.ts";
import type { SluiceConfig } from "./schema.ts";
import { minTokenLength } from "./schema.ts";

/** Where the token comes from: told in the configuration or the environment, or kept in a file. */
export type TokenSource =
  | { readonly kind: "given" }
  | { readonly kind: "file"; readonly path: string };

/** A token and where it lies. */
export interface Token {
  /** The token. A secret: never to be logged. */
  readonly value: string;
  /** Where it lies. */
  readonly source: TokenSource;
}

/** The file that holds the token of this configuration. */
export function tokenPath(config: SluiceConfig): string {
  return config.server.tokenFile ?? join(config.dataDirectory, "token");
}

function checked(text: string, path: string): string {
  const value = text.trim();
  if (value.length >= minTokenLength && !/\s/.test(value)) return value;
  throw new TokenError(
    `The token in ${path} must be one word of at least ${minTokenLength} characters.`,
    `Write a new one, for example with: openssl rand -hex 32 > ${path}`,
  );
}

/**
 * Reads the token: the given one, else that of the token file.
 *
 * @returns `undefined` where there is none yet.
 * @throws {TokenError} Where the file cannot be read or holds no usable token.
 */
export async function readToken(config: SluiceConfig): Promise<Token | undefined> {
  if (config.server.token !== undefined) {
    return { value: config.server.token, source: { kind: "given" } };
  }
  const path = tokenPath(config);
  try {
    return {
      value: checked(await Deno.readTextFile(path), path),
      source: { kind: "file", path },
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof TokenError) throw error;
    throw new TokenError(
      `The token file ${path} cannot be read.`,
      "Run this as the user who runs the server, or set SLUICE_TOKEN.",
      error,
    );
  }
}

function randomToken(): string {
  return Array.from(
    crypto.getRandomValues(new Uint8Array(32)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

/**
 * Reads the token, or makes one and writes it to the token file, which only its owner may read.
 *
 * @throws {TokenError} Where it can be neither read nor written.
 */
export async function ensureToken(config: SluiceConfig): Promise<Token> {
  const known = await readToken(config);
  if (known !== undefined) return known;
  const path = tokenPath(config);
  const value = randomToken();
  try {
    await Deno.mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(path, `${value}\n`, { createNew: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      // Another server of the same directory made one in the meantime.
      const made = await readToken(config);
      if (made !== undefined) return made;
    }
    throw new TokenError(
      `A token could not be written to ${path}.`,
      "Make its directory writable, or set server.token, server.tokenFile or SLUICE_TOKEN.",
      error,
    );
  }
  return { value, source: { kind: "file", path } };
}

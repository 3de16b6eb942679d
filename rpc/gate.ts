/**
 * Who may call: checked before anything of a request is read.
 *
 * @module
 */

import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { SluiceError } from "../model/mod.ts";
import { ForeignHostError, ForeignOriginError, UnauthorizedError } from "./errors.ts";
import { bareHost, isAddress, isLoopback } from "./loopback.ts";

/** Whom the server answers. */
export interface GateSettings {
  /** The bearer token. */
  readonly token: string;
  /** Names beside loopback and addresses under which the server is reached. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages, beside the server's own, that may call. */
  readonly allowedOrigins: readonly string[];
}

const encoder = new TextEncoder();
const expected = new WeakMap<GateSettings, Uint8Array>();

/** The bytes of the server's token with a zero behind them, which no token has. */
function expectedBytes(settings: GateSettings): Uint8Array {
  let bytes = expected.get(settings);
  if (bytes === undefined) expected.set(settings, bytes = encoder.encode(`${settings.token}\0`));
  return bytes;
}

/** Compares in a time that depends on neither the length nor the content of what was given. */
function isToken(given: string, settings: GateSettings): boolean {
  const token = expectedBytes(settings);
  // As long as the token, so that a longer one has another byte in place of the zero.
  const bytes = new Uint8Array(token.length);
  encoder.encodeInto(given, bytes);
  return timingSafeEqual(bytes, token);
}

const connectionParamsSchema = z.object({ token: z.string() });

/**
 * The token that a request carries: of the header `Authorization: Bearer …`, else of tRPC's
 * `connectionParams`, for a browser's own EventSource, which cannot send headers.
 */
function tokenOf(request: Request, url: URL): string | undefined {
  const header = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (header !== undefined) return header;
  const params = url.searchParams.get("connectionParams");
  if (params === null) return undefined;
  try {
    return connectionParamsSchema.parse(JSON.parse(params)).token;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** Whether the origin is the server's own or one that is allowed. */
export function knowsOrigin(origin: string, url: URL, settings: GateSettings): boolean {
  return origin === url.origin || settings.allowedOrigins.includes(origin);
}

/**
 * Why a request comes from where none may come from, or `undefined` where it is fine.
 *
 * A name that is not the server's own is refused, since a page can make its name point to a loopback
 * address (DNS rebinding); an address cannot be made to point elsewhere.
 */
export function foreign(
  request: Request,
  url: URL,
  settings: GateSettings,
): SluiceError | undefined {
  const host = bareHost(url.hostname);
  if (!settings.allowedHosts.includes(host) && !isLoopback(host) && !isAddress(host)) {
    return new ForeignHostError(host);
  }
  const origin = request.headers.get("origin");
  if (origin !== null && !knowsOrigin(origin, url, settings)) return new ForeignOriginError(origin);
  return undefined;
}

/** Why a request is not let in, or `undefined` where it carries the token. */
export function unauthorized(
  request: Request,
  url: URL,
  settings: GateSettings,
): SluiceError | undefined {
  const given = tokenOf(request, url);
  return given !== undefined && isToken(given, settings) ? undefined : new UnauthorizedError();
}

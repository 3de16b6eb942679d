/**
 * What the server does with one request.
 *
 * @module
 */

import { TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { getLogger } from "@logtape/logtape";
import type { SluiceApi } from "../actors/mod.ts";
import { asSluiceError } from "../model/mod.ts";
import { errorKind, httpStatus } from "./error_kind.ts";
import { errorData, sluiceErrorOf } from "./error_shape.ts";
import { ServerClosingError } from "./errors.ts";
import { answerFeed } from "./feed_answer.ts";
import type { GateSettings } from "./gate.ts";
import { foreign, knowsOrigin, unauthorized } from "./gate.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { withLimitedBody } from "./limited_body.ts";
import { appRouter, isFeed } from "./router.ts";
import type { RpcContext } from "./trpc.ts";

const log = getLogger(["sluice", "rpc"]);

/** Path below which the procedures lie. */
export const rpcPath = "/rpc";
/** Path that tells, without a token, whether Sluice works. */
export const healthPath = "/healthz";

/** What the handler needs. */
export interface HandlerSettings extends GateSettings {
  /** Who does the work. */
  readonly api: SluiceApi;
  /** Aborted when the server stops. */
  readonly closing: AbortSignal;
  /** Largest request body in bytes. */
  readonly maxBodyBytes: number;
  /** Most calls in one request. */
  readonly maxBatch: number;
  /** The timer of all feeds. */
  readonly heartbeat: Heartbeat;
}

/** Sent with every answer. Source: OWASP, "REST Security Cheat Sheet". */
const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const corsHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-headers": "authorization, content-type, last-event-id, trpc-accept",
  "access-control-allow-methods": "GET, POST",
  "access-control-max-age": "600",
};

/** An error outside of any procedure, in the shape that tRPC's clients read. */
function refusal(error: unknown): Response {
  const known = asSluiceError(error);
  const kind = errorKind(known);
  const trpc = new TRPCError({ code: kind, message: known.message, cause: known });
  return Response.json(
    { error: { message: known.message, code: -32_000, data: errorData(trpc, undefined) } },
    { status: httpStatus[kind] },
  );
}

async function health(api: SluiceApi): Promise<Response> {
  const { ok } = await api.system.health();
  return new Response(ok ? "ok\n" : "not ok\n", { status: ok ? 200 : 503 });
}

async function answer(request: Request, settings: HandlerSettings): Promise<Response> {
  const refused = foreign(request, settings);
  if (refused !== undefined) return refusal(refused);
  const url = new URL(request.url);
  const { pathname } = url;
  if (request.method === "OPTIONS") return new Response(null, { status: 204 });
  if (settings.closing.aborted) return refusal(new ServerClosingError());
  if (pathname === healthPath) return await health(settings.api);
  const stranger = unauthorized(request, settings);
  if (stranger !== undefined) return refusal(stranger);
  if (!pathname.startsWith(`${rpcPath}/`)) return new Response("Not found\n", { status: 404 });
  return await call(request, url, settings);
}

async function call(request: Request, url: URL, settings: HandlerSettings): Promise<Response> {
  // Deno aborts a request's own signal also when its answer was delivered, and warns of that once the
  // signal was looked at. So only calls that wait look at it, and only until they have an answer; a
  // client that leaves a feed cancels the answer's body.
  const left = new AbortController();
  const onAbort = () => left.abort(request.signal.reason);
  let watched = false;
  const context: RpcContext = {
    api: settings.api,
    closing: settings.closing,
    reconnects: true,
    left: () => {
      if (!watched) request.signal.addEventListener("abort", onAbort, { once: true });
      watched = true;
      return left.signal;
    },
  };
  const onError = (error: TRPCError, path: string | undefined) => {
    const known = sluiceErrorOf(error, path);
    if (known.code === "UNEXPECTED") log.error("{path} failed: {error}", { path, error: known });
    else log.debug("{path}: {code}", { path, code: known.code });
  };
  const path = url.pathname.slice(rpcPath.length + 1);
  if (request.method === "GET" && isFeed(path)) {
    const { headers } = request;
    const { heartbeat } = settings;
    return await answerFeed({
      path,
      parameters: url.searchParams,
      headers,
      context,
      heartbeat,
      onError,
    });
  }
  try {
    return await fetchRequestHandler({
      endpoint: rpcPath,
      req: await withLimitedBody(request, settings.maxBodyBytes),
      router: appRouter,
      createContext: () => context,
      allowMethodOverride: true,
      maxBatchSize: settings.maxBatch,
      onError: ({ error, path }) => onError(error, path),
    });
  } finally {
    if (watched) request.signal.removeEventListener("abort", onAbort);
  }
}

/** Makes the function that answers requests. */
export function createHandler(settings: HandlerSettings): (request: Request) => Promise<Response> {
  return async (request) => {
    let response: Response;
    try {
      response = await answer(request, settings);
    } catch (error) {
      response = refusal(error);
      if (response.status >= 500) log.error("A request failed: {error}", { error });
    }
    const origin = request.headers.get("origin");
    const headers = {
      ...securityHeaders,
      ...(response.headers.has("cache-control") ? {} : { "cache-control": "no-store" }),
      ...(origin !== null && knowsOrigin(origin, new URL(request.url), settings)
        ? { ...corsHeaders, "access-control-allow-origin": origin }
        : {}),
    };
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    response.headers.append("vary", "origin");
    return response;
  };
}

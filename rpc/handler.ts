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
import { answerCalls } from "./call_answer.ts";
import { answerFeed } from "./feed_answer.ts";
import type { GateSettings } from "./gate.ts";
import { foreign, knowsOrigin, unauthorized } from "./gate.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { limitedBody } from "./limited_body.ts";
import type { Hold } from "./open_requests.ts";
import { appRouter, kindOf } from "./router.ts";
import type { RpcCall } from "./rpc_call.ts";
import type { RpcContext } from "./trpc.ts";

const log = getLogger(["sluice", "rpc"]);

/** Path below which the procedures lie. */
const rpcPath = "/rpc";
/** Path that tells, without a token, whether Sluice works. */
const healthPath = "/healthz";

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
const ownHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  vary: "origin",
};

const corsHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-headers": "authorization, content-type, last-event-id, trpc-accept",
  "access-control-allow-methods": "GET, POST",
  "access-control-max-age": "600",
};

type AnswerHeaders = Readonly<Record<string, string>>;

/** An error outside of any procedure, in the shape that tRPC's clients read. */
function refusal(error: unknown, headers: AnswerHeaders): Response {
  const known = asSluiceError(error);
  const kind = errorKind(known);
  const trpc = new TRPCError({ code: kind, message: known.message, cause: known });
  return Response.json(
    { error: { message: known.message, code: -32_000, data: errorData(trpc, undefined) } },
    { status: httpStatus[kind], headers },
  );
}

async function health(api: SluiceApi, headers: AnswerHeaders): Promise<Response> {
  const { ok } = await api.system.health();
  return new Response(ok ? "ok\n" : "not ok\n", { status: ok ? 200 : 503, headers });
}

async function answer(
  request: Request,
  url: URL,
  headers: AnswerHeaders,
  settings: HandlerSettings,
  hold: Hold,
): Promise<Response> {
  const refused = foreign(request, url, settings);
  if (refused !== undefined) return refusal(refused, headers);
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers });
  if (settings.closing.aborted) return refusal(new ServerClosingError(), headers);
  if (url.pathname === healthPath) return await health(settings.api, headers);
  const stranger = unauthorized(request, url, settings);
  if (stranger !== undefined) return refusal(stranger, headers);
  if (!url.pathname.startsWith(`${rpcPath}/`)) {
    return new Response("Not found\n", { status: 404, headers });
  }
  return await call(request, url, headers, settings, hold);
}

function onError(error: TRPCError, path: string | undefined): void {
  const known = sluiceErrorOf(error, path);
  if (known.code === "UNEXPECTED") log.error("{path} failed: {error}", { path, error: known });
  else log.debug("{path}: {code}", { path, code: known.code });
}

async function call(
  request: Request,
  url: URL,
  headers: AnswerHeaders,
  settings: HandlerSettings,
  hold: Hold,
): Promise<Response> {
  const { api, closing, heartbeat, maxBatch } = settings;
  // Deno aborts a request's own signal also when its answer was delivered, and warns of that once the
  // signal was looked at. So only calls that wait look at it, and only until they have an answer; a
  // client that leaves a feed cancels the answer's body.
  const left = new AbortController();
  const onAbort = () => left.abort(request.signal.reason);
  let watched = false;
  const context: RpcContext = {
    api,
    closing,
    reconnects: true,
    left: () => {
      if (!watched) request.signal.addEventListener("abort", onAbort, { once: true });
      watched = true;
      return left.signal;
    },
  };
  const path = url.pathname.slice(rpcPath.length + 1);
  const asked = { request, url, path, context, headers, maxBatch, heartbeat, hold, onError };
  if (request.method === "GET" && kindOf(path) === "subscription") return await answerFeed(asked);
  try {
    const body = await limitedBody(request, settings.maxBodyBytes);
    return await answerCalls(asked, body) ?? await answerOther(asked, body);
  } finally {
    if (watched) request.signal.removeEventListener("abort", onAbort);
  }
}

/** Answers as tRPC does by itself. */
async function answerOther(
  { request, context, headers, maxBatch }: RpcCall,
  body: Uint8Array<ArrayBuffer> | null,
): Promise<Response> {
  const { url, method, headers: given } = request;
  const response = await fetchRequestHandler({
    endpoint: rpcPath,
    req: new Request(url, { method, headers: given, body }),
    router: appRouter,
    createContext: () => context,
    allowMethodOverride: true,
    maxBatchSize: maxBatch,
    onError: ({ error, path }) => onError(error, path),
  });
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

/** Makes the function that answers requests. */
export function createHandler(
  settings: HandlerSettings,
): (request: Request, hold: Hold) => Promise<Response> {
  return async (request, hold) => {
    const url = new URL(request.url);
    const origin = request.headers.get("origin");
    const headers = origin !== null && knowsOrigin(origin, url, settings)
      ? { ...ownHeaders, ...corsHeaders, "access-control-allow-origin": origin }
      : ownHeaders;
    try {
      return await answer(request, url, headers, settings, hold);
    } catch (error) {
      const response = refusal(error, headers);
      if (response.status >= 500) log.error("A request failed: {error}", { error });
      return response;
    }
  };
}

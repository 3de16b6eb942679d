/**
 * The answer to queries and mutations.
 *
 * @module
 */

import { getTRPCErrorFromUnknown, getTRPCErrorShape } from "@trpc/server";
import { callProcedure } from "./procedure_call.ts";
import { appRouter, kindOf } from "./router.ts";
import type { RpcCall } from "./rpc_call.ts";

const decoder = new TextDecoder();

type Answer =
  | { readonly result: { readonly data: unknown } }
  | { readonly error: { readonly data: { readonly httpStatus: number } } };

/** The inputs of so many calls, in their order; `undefined` where the text is not in the form for them. */
function inputsOf(text: string | null, count: number | undefined): readonly unknown[] | undefined {
  let given: unknown;
  try {
    given = text === null || text === "" ? undefined : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (count === undefined) return [given];
  if (given === undefined) return Array.from({ length: count }, () => undefined);
  if (typeof given !== "object" || given === null || Array.isArray(given)) return undefined;
  const byIndex = new Map<string, unknown>(Object.entries(given));
  return Array.from({ length: count }, (_, index) => byIndex.get(`${index}`));
}

/**
 * Answers calls in the form that nearly all have: JSON in, JSON out. tRPC's own adapter, which takes the
 * same requests and gives the same answers, spends more time on one than the procedures that are called.
 *
 * @param body The request's body; `null` for a GET.
 * @returns `undefined` for a request of any other form, or one that is wrong: nothing was called, and
 * tRPC's adapter is to answer it.
 */
export async function answerCalls(
  { request, url, path, context: ctx, headers, maxBatch, onError }: RpcCall,
  body: Uint8Array | null,
): Promise<Response | undefined> {
  const { method } = request;
  const json = method === "GET" ||
    (method === "POST" && request.headers.get("content-type") === "application/json");
  const accepts = [request.headers.get("trpc-accept"), request.headers.get("accept")];
  const streamed = accepts.some((accept) => accept?.includes("jsonl"));
  if (!json || streamed) return undefined;
  const batch = url.searchParams.get("batch") === "1";
  const names = batch ? path.split(",") : [path];
  const kind = kindOf(names[0] ?? "");
  const allowed = kind === "query" || (kind === "mutation" && method === "POST");
  if (!allowed || names.length > maxBatch || names.some((name) => kindOf(name) !== kind)) {
    return undefined;
  }
  const text = method === "GET" ? url.searchParams.get("input") : body && decoder.decode(body);
  const inputs = inputsOf(text, batch ? names.length : undefined);
  if (inputs === undefined) return undefined;

  const one = async (name: string, index: number): Promise<Answer> => {
    const input = inputs[index];
    try {
      const data = await callProcedure({ path: name, type: kind, input, ctx, batchIndex: index });
      return { result: { data } };
    } catch (thrown) {
      const error = getTRPCErrorFromUnknown(thrown);
      onError(error, name);
      const config = appRouter._def._config;
      return { error: getTRPCErrorShape({ config, error, ctx, path: name, type: kind, input }) };
    }
  };
  const answers = await Promise.all(names.map(one));
  const statuses = new Set(
    answers.map((answer) => "error" in answer ? answer.error.data.httpStatus : 200),
  );
  const [status] = statuses;
  return new Response(JSON.stringify(batch ? answers : answers[0]), {
    // Source of 207 for calls that went differently: tRPC's documentation, "HTTP RPC Specification".
    status: statuses.size === 1 && status !== undefined ? status : 207,
    headers: { ...headers, "content-type": "application/json" },
  });
}

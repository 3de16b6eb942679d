/**
 * Calling queries and mutations.
 *
 * @module
 */

import { callTRPCProcedure, getTRPCErrorFromUnknown, TRPCError } from "@trpc/server";
import { z } from "zod";
import { toTrpcError } from "./error_shape.ts";
import type { ProcedureKind } from "./router.ts";
import { appRouter } from "./router.ts";
import type { RpcContext } from "./trpc.ts";

/** What is called, and with what. */
export interface ProcedureCall {
  /** Name of the procedure: `jobs.get`. */
  readonly path: string;
  /** What the caller takes the procedure for. */
  readonly type: ProcedureKind;
  /** What it was given, which nobody has checked. */
  readonly input: unknown;
  /** What it gets beside its input. */
  readonly ctx: RpcContext;
  /** Aborted when the caller gives up, where that can be. */
  readonly signal?: AbortSignal | undefined;
  /** Its place among the calls of one request. Default: 0. */
  readonly batchIndex?: number;
}

type Resolver = (
  call: Pick<ProcedureCall, "ctx" | "input" | "path"> & {
    readonly signal: AbortSignal | undefined;
  },
) => unknown;

const isSchema = (value: unknown) => value instanceof z.ZodType;

/** What tRPC keeps of a procedure of ours. It is not documented, so that any of it may be missing. */
const partsSchema = z.object({
  type: z.enum(["query", "mutation"]),
  inputs: z.array(z.custom<z.ZodType>(isSchema)).max(1),
  output: z.custom<z.ZodType>(isSchema),
  resolver: z.custom<Resolver>((value) => typeof value === "function"),
  middlewares: z.array(z.unknown()),
}).refine(({ inputs, middlewares }) =>
  // The one that every procedure has for its errors, and those of the input, the output and the resolver.
  middlewares.length === 3 + inputs.length
);

type Parts = z.infer<typeof partsSchema>;

const known: ReadonlyMap<string, Parts> = new Map(
  Object.entries(appRouter._def.record).flatMap(([group, procedures]) =>
    Object.entries(procedures).flatMap(([name, { _def }]) => {
      const parts = partsSchema.safeParse(_def);
      return parts.success ? [[`${group}.${name}`, parts.data] as const] : [];
    })
  ),
);

/** Whether a procedure is called without tRPC's middlewares. */
export function isCalledDirectly(path: string): boolean {
  return known.has(path);
}

/** Checks as tRPC does, but at once: zod takes twice as long where a check may be a promise. */
function checked(schema: z.ZodType, value: unknown, code: TRPCError["code"]): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw new TRPCError({ code, cause: result.error });
  return result.data;
}

/**
 * Calls a query or a mutation: its input and output are checked, and its errors are those that clients are
 * told. tRPC would pass the call through a chain of middlewares, and copy its options eight times, which
 * takes three times as long as what they do. What is not built as all our procedures are, it does call.
 *
 * @throws {TRPCError} Whatever fails.
 */
export async function callProcedure(call: ProcedureCall): Promise<unknown> {
  const { path, type, input, ctx, signal, batchIndex = 0 } = call;
  const parts = known.get(path);
  if (parts?.type !== type) {
    const getRawInput = () => Promise.resolve(input);
    return await callTRPCProcedure({
      router: appRouter,
      path,
      type,
      getRawInput,
      ctx,
      signal,
      batchIndex,
    });
  }
  const { inputs: [schema], output, resolver } = parts;
  try {
    const given = schema && checked(schema, input, "BAD_REQUEST");
    const found = await resolver({ ctx, input: given, path, signal });
    return checked(output, found, "INTERNAL_SERVER_ERROR");
  } catch (thrown) {
    throw toTrpcError(getTRPCErrorFromUnknown(thrown), path);
  }
}

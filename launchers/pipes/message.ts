/**
 * Messages as Dagster Pipes writes them: JSON on one line. Pure.
 *
 * @module
 */

import { z } from "zod";
import { jsonObjectSchema, jsonValueSchema, metadataValueSchema } from "../../model/mod.ts";
import type { Message, MessageException, MetadataValue } from "../../model/mod.ts";
import { parsePythonJson, plainJson, PythonNumber } from "./python_json.ts";

/** Most of a line that is no message that is kept, in characters. */
const MOST_TEXT = 1_000;

/** What Pipes calls the type of a value whose type is to be seen from itself. */
const INFERRED = "__infer__";

const maybe = z.string().nullish().transform((value) => value ?? undefined);
const extras = jsonObjectSchema.nullish().transform((value) => value ?? {});
const metadata = z.record(z.string(), metadataValueSchema);

interface WireException {
  readonly message: string;
  readonly stack?: readonly string[] | null | undefined;
  readonly name?: string | null | undefined;
  readonly cause?: WireException | null | undefined;
  readonly context?: WireException | null | undefined;
}

const wireException: z.ZodType<WireException> = z.object({
  message: z.string(),
  stack: z.array(z.string()).nullish(),
  name: z.string().nullish(),
  get cause() {
    return wireException.nullish();
  },
  get context() {
    return wireException.nullish();
  },
});

const lineSchema = z.object({
  __dagster_pipes_version: z.string(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).nullish(),
});

const methods = {
  opened: z.object({ extras }),
  closed: z.object({ exception: wireException.nullish() }),
  log: z.object({ message: z.string(), level: z.string().default("INFO") }),
  report_asset_materialization: z.object({ asset_key: z.string(), data_version: maybe, metadata }),
  report_asset_check: z.object({
    asset_key: z.string(),
    check_name: z.string(),
    passed: z.boolean(),
    severity: z.enum(["WARN", "ERROR"]).default("ERROR"),
    metadata,
  }),
  report_custom_message: z.object({ payload: jsonValueSchema }),
  log_external_stream: z.object({ stream: z.string(), text: z.string(), extras }),
};

function exceptionOf({ name, message, stack, cause, context }: WireException): MessageException {
  return {
    ...(typeof name === "string" ? { name } : {}),
    message,
    stack: [...stack ?? []],
    ...(cause === null || cause === undefined ? {} : { cause: exceptionOf(cause) }),
    ...(context === null || context === undefined ? {} : { context: exceptionOf(context) }),
  };
}

/** The type of a value that names none. */
function inferredType(value: unknown): MetadataValue["type"] {
  if (value instanceof PythonNumber) return value.isWhole ? "int" : "float";
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "bool";
  return value === null ? "null" : "json";
}

const metadataOf = z.custom<Readonly<Record<string, unknown>> | null>(
  (value) => typeof value === "object" && !Array.isArray(value),
  "must be a mapping",
).refine(
  // Nothing that is put together by key has one of this name.
  (values) => values === null || !Object.hasOwn(values, "__proto__"),
  "there can be none for __proto__",
);

const typedValue = z.object({ type: z.string(), raw_value: z.unknown() });

/** The value with its type, to be checked: what is wrong with it the schema says. */
function typed(value: unknown): { readonly type: string; readonly value: unknown } {
  const { type: given, raw_value: raw } = typedValue.parse(value);
  const type = given === INFERRED ? inferredType(raw) : given;
  switch (type) {
    // Whatever stands there, nothing is meant.
    case "null":
      return { type, value: null };
    // A text with digits is no number.
    case "int":
      return { type, value: raw instanceof PythonNumber ? raw.exact : undefined };
    case "float":
      return { type, value: raw instanceof PythonNumber ? raw.approximate : undefined };
    default:
      return { type, value: plainJson(raw) };
  }
}

function parametersOf(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (name !== "metadata") return [name, plainJson(value)];
      const values = metadataOf.parse(value) ?? {};
      return [
        name,
        Object.fromEntries(Object.entries(values).map(([key, one]) => [key, typed(one)])),
      ];
    }),
  );
}

function messageOf(method: string, params: Readonly<Record<string, unknown>>): Message | undefined {
  switch (method) {
    case "opened":
      return { kind: "opened", ...methods.opened.parse(params) };
    case "closed": {
      const { exception } = methods.closed.parse(params);
      return exception === null || exception === undefined
        ? { kind: "closed" }
        : { kind: "closed", exception: exceptionOf(exception) };
    }
    case "log": {
      const { level, message } = methods.log.parse(params);
      return { kind: "log", level, text: message };
    }
    case "report_asset_materialization": {
      const { asset_key, data_version, metadata } = methods.report_asset_materialization.parse(
        { metadata: {}, ...params },
      );
      const version = data_version === undefined ? {} : { dataVersion: data_version };
      return { kind: "materialization", assetKey: asset_key, ...version, metadata };
    }
    case "report_asset_check": {
      const { asset_key, check_name, passed, severity, metadata } = methods.report_asset_check
        .parse({ metadata: {}, ...params });
      return { kind: "check", assetKey: asset_key, name: check_name, passed, severity, metadata };
    }
    case "report_custom_message":
      return { kind: "custom", ...methods.report_custom_message.parse(params) };
    case "log_external_stream":
      return { kind: "output", ...methods.log_external_stream.parse(params) };
    default:
      return undefined;
  }
}

/** What is to be told of a line that is no message. */
export function unreadable(text: string, reason: string): Message {
  // Not in the middle of a character that takes two.
  const kept = text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT).toWellFormed()}…`;
  return { kind: "unreadable", text: kept, reason };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return `It is no JSON: ${String(error)}`;
  const [issue] = error.issues;
  return `It is no message of Dagster Pipes: ${
    issue === undefined ? "" : `${issue.path.join(".") || "the line"}: ${issue.message}`
  }`;
}

/** The message on a line. */
export function parseMessage(line: string): Message {
  try {
    const { method, params } = lineSchema.parse(parsePythonJson(line));
    return messageOf(method, parametersOf(params ?? {})) ??
      unreadable(line, `There is no method '${method.slice(0, 100)}'.`);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      return unreadable(line, reasonOf(error));
    }
    throw error;
  }
}

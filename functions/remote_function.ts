/**
 * Functions that run as jobs, as a program names them.
 *
 * @module
 */

import type { JsonValue } from "../model/mod.ts";

/** Where the module of a function is. */
export type ModuleSource =
  /** Here: the file is read when the function is called, and its text sent. */
  | { readonly file: string }
  /** On the cluster: absolute, from `~/`, or from the job's working directory. */
  | { readonly path: string }
  /** The text itself, and the name of the file that it is to have. */
  | { readonly text: string; readonly fileName?: string };

/** What says where a function is, and how it is called. */
export type FunctionSource = ModuleSource & {
  /** Its name: of TypeScript that of an export, which may be `default`; of Python a dotted one. */
  readonly name: string;
  /** The program that runs it, with its flags. Default: `python3`, or `deno run --allow-all`. */
  readonly interpreter?: readonly string[];
  /** A script for a shell around it, in which `{task.fn}` stands for the call. Default: the call alone. */
  readonly script?: string;
};

/** Has the types of a function, and no value. */
declare const signature: unique symbol;

/** A function that runs as a job: what it takes and what it returns. */
export interface RemoteFunction<Arguments extends readonly unknown[], Value> {
  /** The language that it is written in. */
  readonly language: "python" | "typescript";
  /** Where it is. */
  readonly source: FunctionSource;
  /** There for the compiler alone. */
  readonly [signature]?: (...words: Arguments) => Value;
}

/** Any function, as the compiler knows it. */
export type AnyFunction = (...words: never[]) => unknown;

/** What the job of a function in TypeScript returns: as JSON has it, what nothing returns is null. */
export type ReturnedBy<F extends AnyFunction> = Awaited<ReturnType<F>> extends void | undefined
  ? null
  : Awaited<ReturnType<F>>;

/**
 * A function in Python.
 *
 * @example
 * ```ts
 * import { pythonFunction } from "@sluice/sluice";
 *
 * const fit = pythonFunction({ file: "tides.py", name: "fit" });
 * ```
 */
export function pythonFunction<Arguments extends readonly unknown[] = readonly JsonValue[]>(
  source: FunctionSource,
): RemoteFunction<Arguments, JsonValue> {
  return { language: "python", source };
}

/**
 * A function in TypeScript, which has the types of the one that the program knows. They are taken on trust: what
 * comes back is checked only where the call has a schema for it.
 *
 * @example
 * ```ts ignore
 * import { tsFunction } from "@sluice/sluice";
 *
 * const fit = tsFunction<typeof import("./tides.ts").fit>({ file: "tides.ts", name: "fit" });
 * ```
 */
export function tsFunction<F extends AnyFunction = (...words: JsonValue[]) => JsonValue>(
  source: FunctionSource,
): RemoteFunction<Parameters<F>, ReturnedBy<F>> {
  return { language: "typescript", source };
}

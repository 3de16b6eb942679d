/**
 * The programs that call a function where the payload runs, as text. Pure.
 *
 * @module
 */

import type { FunctionPayload } from "../../model/mod.ts";
import PYTHON from "./function_runner.py" with { type: "text" };
import TYPESCRIPT from "./function_runner.ts" with { type: "text" };

/** What calls functions of one language. */
export interface FunctionRunner {
  /** Name of its file in the attempt's directory. */
  readonly file: string;
  /** The program's text. */
  readonly text: string;
  /** What starts it where the payload does not say. */
  readonly interpreter: readonly [string, ...string[]];
  /** Name of the module's file where that came as text without a name. */
  readonly module: string;
}

/** What calls functions, by their languages. */
export const FUNCTION_RUNNERS: Readonly<Record<FunctionPayload["language"], FunctionRunner>> = {
  python: {
    file: "function_runner.py",
    text: PYTHON,
    interpreter: ["python3"],
    module: "module.py",
  },
  typescript: {
    file: "function_runner.ts",
    text: TYPESCRIPT,
    interpreter: ["deno", "run", "--allow-all"],
    module: "module.ts",
  },
};

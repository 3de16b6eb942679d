/**
 * The `sluice` command.
 *
 * ```sh
 * sluice serve
 * sluice submit --follow -- hostname
 * ```
 *
 * @module
 */

import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal.ts";

export { runProgram } from "./program.ts";
export type { Terminal } from "./terminal.ts";
export { processTerminal } from "./terminal.ts";

if (import.meta.main) Deno.exit(await runProgram(Deno.args, processTerminal()));

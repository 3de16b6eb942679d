/**
 * Turning a payload into a script. Pure.
 *
 * @module
 */

export * from "./bash.ts";
export * from "./component_script.ts";
export * from "./environment.ts";
export * from "./errors.ts";
export * from "./file_places.ts";
export * from "./function/errors.ts";
export * from "./job_script.ts";
export * from "./launch.ts";
export * from "./on_record.ts";
export * from "./output_lines.ts";
export * from "./own_files.ts";
export * from "./peers.ts";
export * from "./pipes/mod.ts";
export * from "./placeholders/errors.ts";
export * from "./plan.ts";
export * from "./ray.ts";
export * from "./remote_script.ts";
export * from "./session_files.ts";
export * from "./session_script.ts";
export * from "./software.ts";
export * from "./software_errors.ts";
export * from "./spark.ts";
export * from "./step_script.ts";
export * from "./user_commands.ts";

/**
 * The vocabulary of Sluice: ids, errors, and the schemas of jobs, events and clusters. Pure.
 *
 * @module
 */

export * from "./bytes_text.ts";
export * from "./cluster_config.ts";
export * from "./errors.ts";
export * from "./function_place.ts";
export * from "./function_result.ts";
export * from "./ids.ts";
export * from "./invalid_input.ts";
export * from "./issues.ts";
export * from "./job_event.ts";
export * from "./job_files.ts";
export * from "./job_metrics.ts";
export * from "./job_phase.ts";
export * from "./job_spec.ts";
export * from "./job_view.ts";
export * from "./json_value.ts";
export * from "./launcher_spec.ts";
export * from "./memory_amount.ts";
export * from "./message.ts";
export * from "./message_terms.ts";
export * from "./packed_software.ts";
export * from "./payload.ts";
export * from "./plain/mod.ts";
export * from "./remote_scripts.ts";
export * from "./requests.ts";
export * from "./session.ts";
export * from "./session_terms.ts";
export * from "./signal_name.ts";
export * from "./software.ts";
export * from "./staging.ts";
export * from "./uuid.ts";

/**
 * Slurm's commands as pure functions: how to call each, and what its output says.
 *
 * A command is an array of words, its name first; the caller turns it into a shell line. Nothing here
 * does any input or output.
 *
 * @module
 */

export * from "./comment.ts";
export * from "./directive_resources.ts";
export * from "./endings.ts";
export * from "./environment.ts";
export * from "./exit_code.ts";
export * from "./job_ids.ts";
export * from "./last_words.ts";
export * from "./memory.ts";
export * from "./node_list.ts";
export * from "./nodes.ts";
export * from "./node_platforms.ts";
export * from "./reasons.ts";
export * from "./resources.ts";
export * from "./sacct.ts";
export * from "./sacct_usage.ts";
export * from "./sbatch.ts";
export * from "./sbatch_options.ts";
export * from "./sbatch_rejection.ts";
export * from "./scancel.ts";
export * from "./scontrol.ts";
export * from "./script.ts";
export * from "./sinfo.ts";
export * from "./squeue.ts";
export * from "./srun.ts";
export * from "./sstat.ts";
export * from "./states.ts";
export * from "./text.ts";
export * from "./time.ts";
export * from "./tres.ts";

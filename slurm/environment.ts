/**
 * The environment in which Slurm's commands must run for their output to be understood.
 *
 * @module
 */

/**
 * Variables to set for every command but `sbatch`, whose environment goes on to the job: no translated
 * words, times in seconds since the epoch, and task lists of arrays without a cut.
 *
 * Source: squeue(1) and sacct(1), "ENVIRONMENT VARIABLES".
 */
export const slurmEnvironment = {
  LC_ALL: "C",
  SLURM_TIME_FORMAT: "%s",
  SLURM_BITSTR_LEN: "0",
} as const;

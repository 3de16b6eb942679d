/**
 * The shells that stand behind `sh` on the systems where clusters run.
 *
 * @module
 */

/** dash is Debian's `sh`, bash that of Red Hat and its kin. */
export const SHELLS = ["dash", "bash"] as const;

/**
 * The base of every error that Sluice raises on purpose.
 *
 * @module
 */

/** What a {@linkcode SluiceError} is made of, beside its class. */
export interface SluiceErrorOptions {
  /** Stable, upper-case code that programs may switch on. It never changes once released. */
  readonly code: string;
  /** What went wrong, in one or two plain sentences. */
  readonly message: string;
  /** What the user can do about it. */
  readonly next: string;
  /** Whether the same call may succeed later with nothing changed. Default: `false`. */
  readonly retryable?: boolean;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * An error with a stable code, whether a retry helps, and the next step for the user.
 *
 * @example
 * ```ts
 * import { SluiceError } from "@sluice/sluice";
 *
 * function explain(error: unknown): string {
 *   return error instanceof SluiceError ? `${error.code}: ${error.next}` : String(error);
 * }
 * ```
 */
export class SluiceError extends Error {
  override readonly name: string = "SluiceError";
  /** Stable, upper-case code that programs may switch on. */
  readonly code: string;
  /** Whether the same call may succeed later with nothing changed. */
  readonly retryable: boolean;
  /** What the user can do about it. */
  readonly next: string;

  /** Makes the error from its parts. */
  constructor(options: SluiceErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retryable = options.retryable ?? false;
    this.next = options.next;
  }
}

/**
 * Checks of what a function returned.
 *
 * @module
 */

/** What a check found. */
export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | {
    readonly issues: readonly {
      readonly message: string;
      readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
    }[];
  };

/**
 * What checks a value and gives it a type: a schema of zod, valibot, arktype or whatever else follows the
 * Standard Schema specification (https://standardschema.dev).
 */
export interface ResultSchema<T> {
  /** The check, where the specification has it. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

/** The issues of a check as one line. */
export function schemaIssues(
  issues: Extract<SchemaResult<unknown>, { issues: object }>["issues"],
): string {
  return issues.map(({ message, path = [] }) => {
    const place = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return place === "" ? message : `${place}: ${message}`;
  }).join("; ");
}

/**
 * The interface by which libraries of schemas (Zod, Valibot, ArkType, …) are interchangeable: https://standardschema.dev, version 1. Copied,
 * as that page suggests, so that the SDK needs no package for its types.
 */

/** A schema of any library that implements Standard Schema. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** Why data does not fit a schema. */
export interface SchemaIssue {
  /** The library's text. */
  readonly message: string;
  /** Where in the data; empty for the data itself. */
  readonly path: readonly PropertyKey[];
}

/** Issues without what libraries add to them, such as the value. */
export const issuesOf = (
  issues: Exclude<SchemaResult<unknown>["issues"], undefined>,
): readonly SchemaIssue[] =>
  issues.map(({ message, path = [] }) => ({
    message,
    // Not by `map`: an array of a library may make others of its kind.
    path: Array.from(path, (part) => (typeof part === "object" ? part.key : part)),
  }));

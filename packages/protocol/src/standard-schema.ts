/**
 * The part of the Standard Schema interface (version 1) that this library calls. zod, valibot, arktype and others
 * implement it, so any of them can describe messages.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The properties the standard defines. */
  readonly '~standard': {
    /** Version of the standard. */
    readonly version: 1
    /** Name of the schema library. */
    readonly vendor: string
    /** Checks a value and gives its parsed form, or the issues found. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** Carries the two types; absent at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<SchemaIssue> }

/** One thing a schema found wrong. */
export interface SchemaIssue {
  /** What is wrong, in words. */
  readonly message: string
  /** Where, from the outside in. */
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** Type of the values a schema accepts. */
export type InputOf<S> = S extends StandardSchema<infer Input, unknown> ? Input : never

/** Type of the values a schema gives. */
export type OutputOf<S> = S extends {
  readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined }
}
  ? Output
  : never

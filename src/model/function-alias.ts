/** A name for a version of a function, or for two with weights (LAMBDA.md C6). Data; `functions/aliases.ts` checks and keeps it. */
export interface FunctionAlias {
  readonly functionName: string;
  readonly name: string;
  /** The version it stands for: a number as text, or `$LATEST`. */
  readonly functionVersion: string;
  readonly description: string;
  /** One more version and its share of the invocations, 0 to 1. Absent: there is none. */
  readonly additionalVersionWeights?: Readonly<Record<string, number>>;
  readonly revisionId: string;
}

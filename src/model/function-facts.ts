/** What belongs to a function and to no version of it (LAMBDA.md C3.16), beside its tags. */
export interface FunctionFacts {
  /** The number that was given to a published version last; 0 before the first. Never given twice (C3.15). */
  readonly lastVersion: number;
  /** Invocations that may run at once, and that nobody else may take (F4.2). Absent: the function shares with others. */
  readonly reservedConcurrency?: number;
  /** Statements of the resource policy by qualifier; those of the function itself under `$LATEST`. */
  readonly policies: Readonly<Record<string, readonly PolicyStatement[]>>;
}

/** One statement as AWS writes it. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: string | Readonly<Record<string, string>>;
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const noFacts: FunctionFacts = Object.freeze({ lastVersion: 0, policies: Object.freeze({}) });

/** What becomes of asynchronous invocations of one function, version or alias (LAMBDA.md C8.1). Absent members: Lambda's defaults. */
export interface EventInvokeConfig {
  /** 0 to 2. Default: 2. */
  readonly maximumRetryAttempts?: number;
  /** 60 to 21,600. Default: 21,600. */
  readonly maximumEventAgeInSeconds?: number;
  /** ARNs. */
  readonly onSuccess?: string;
  readonly onFailure?: string;
  /** Milliseconds since the epoch. */
  readonly lastModifiedMs: number;
}

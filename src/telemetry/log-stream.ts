/** The name of an environment's log stream (LAMBDA.md E1.9). */

/** `2026/08/09/[$LATEST]<32 hex>`; with a log group of its own, the function's name is in it. */
export function logStreamName(options: {
  readonly epochMs: number;
  readonly functionName: string;
  readonly version: string;
  readonly logGroup: string;
  /** 32 hex digits. */
  readonly environmentId: string;
}): string {
  const { epochMs, functionName, version, logGroup, environmentId } = options;
  const date = new Date(epochMs).toISOString().slice(0, 10).replaceAll('-', '/');
  const owner = logGroup === `/aws/lambda/${functionName}` ? '' : functionName;
  return `${date}/${owner}[${version}]${environmentId}`;
}

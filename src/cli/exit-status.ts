/** Exit statuses of the command (DESIGN: fixed interfaces). */
export const exitStatus = {
  answered: 0,
  functionError: 1,
  usage: 2,
  platform: 3,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** A mistake on the command line: printed as one line, exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

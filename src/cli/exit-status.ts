/** Exit statuses of the command (DESIGN: fixed interfaces). */
export const exitStatus = {
  answered: 0,
  functionError: 1,
  usage: 2,
  platform: 3,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Of `doctor`, with the same numbers: 2 is usage here too. */
export const doctorStatus = {
  /** It runs, at level S2 or better. */
  sound: 0,
  /** Something is missing without which it does not run. */
  unusable: 1,
  /** It runs, at a lower level. */
  weak: 3,
} as const satisfies Record<string, ExitStatus>;

/** Of `bench`. */
export const benchStatus = {
  /** Every target that the run could judge. */
  met: 0,
  missed: 1,
} as const satisfies Record<string, ExitStatus>;

/** A mistake on the command line: printed as one line, exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

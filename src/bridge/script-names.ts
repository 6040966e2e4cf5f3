/**
 * Names under which scripts are compiled in a guest. Stack traces are cut and mapped by them.
 */
export const scriptNames = {
  /** The user's bundle: the only script whose positions are mapped back to the user's sources. */
  bundle: 'isotherm:bundle',
} as const;

/**
 * The user of sandboxes whose host is root, as an embedder writes it. `own`: another one for each sandbox. `host`: as their host. A
 * number: all of them that one.
 */
export type SandboxUserOption = 'own' | 'host' | number;

/** 2^32 - 1 is no user but "no change". */
export const sandboxUserMax = 2 ** 32 - 2;

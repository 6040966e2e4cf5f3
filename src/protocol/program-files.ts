/** The files of the bundled sandbox program: the host makes and checks them, the sandbox is started from them. */
export const programFiles = {
  /** A script: an expression whose value takes `require` and gives what `sandbox/serve.ts` exports. ASCII. */
  program: 'program.js',
  /** What V8 compiled of it. */
  cache: 'program.cache',
  /** `sandbox/start.ts`, bundled: what Node runs. */
  start: 'start.cjs',
} as const;

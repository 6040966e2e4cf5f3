/**
 * The only importer of esbuild, so that its version, its start and what we use of it are decided in one place.
 *
 * esbuild is a child process that serves all calls. A text can end it (nesting that overflows its stack), with every call that
 * is under way, and its library would then refuse all later ones: here the next call starts a new child.
 */
import {
  type BuildContext,
  type BuildOptions,
  type BuildResult,
  build as buildOnce,
  context as newContext,
  type SameShape,
  stop,
  type TransformOptions,
  type TransformResult,
  transform as transformOnce,
} from 'esbuild';

export type { BuildOptions, Loader, Message, OnLoadResult, PartialMessage, Plugin } from 'esbuild';
export { version } from 'esbuild';

/** The child ended during the call: because of this call's text, or of another's. */
export class EsbuildEndedError extends Error {
  override readonly name = 'EsbuildEndedError';
}

export async function build<Options extends BuildOptions>(
  options: SameShape<BuildOptions, Options>,
): Promise<BuildResult<Options>> {
  return await served(() => buildOnce<Options>(options));
}

export async function transform<Options extends TransformOptions>(
  text: string,
  options: SameShape<TransformOptions, Options>,
): Promise<TransformResult<Options>> {
  return await served(() => transformOnce<Options>(text, options));
}

export async function context<Options extends BuildOptions>(
  options: SameShape<BuildOptions, Options>,
): Promise<BuildContext<Options>> {
  return await served(() => newContext<Options>(options));
}

/** How many children have ended: several calls fail with one child, and only the first may give it up. */
let generation = 0;

/** Runs one call; anything that goes through a context needs it, too. @throws EsbuildEndedError */
export async function served<Result>(call: () => Promise<Result>): Promise<Result> {
  const begunIn = generation;
  try {
    return await call();
  } catch (error) {
    if (!hasEnded(error)) throw error;
    if (begunIn === generation) {
      generation += 1;
      // Forgets the child that is gone.
      await stop();
    }
    throw new EsbuildEndedError('esbuild ended while it worked on the code', { cause: error });
  }
}

/** The library has no code for it, only these texts. */
function hasEnded(error: unknown): boolean {
  return error instanceof Error && /^The service (?:was stopped|is no longer running)/.test(error.message);
}

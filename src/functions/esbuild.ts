/**
 * The only importer of esbuild, so that its version, its start and what we use of it are decided in one place.
 */

export type { BuildOptions, BuildResult, Loader, Message, Metafile, Plugin } from 'esbuild';
export { build, transform } from 'esbuild';

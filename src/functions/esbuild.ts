/**
 * The only importer of esbuild, so that its version, its start and what we use of it are decided in one place.
 */

export type {
  BuildOptions,
  BuildResult,
  Loader,
  Message,
  Metafile,
  OnLoadResult,
  PartialMessage,
  Plugin,
  TransformOptions,
} from 'esbuild';
export { build, context, transform, version } from 'esbuild';

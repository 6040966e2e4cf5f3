/**
 * From a handler string to the file and the export it names, or to the init error that Lambda would report (LAMBDA.md A2).
 * Pure: works on the names of a package. Whether the export exists and is a function, only running the module tells.
 */
import { posix } from 'node:path';
import { programmingModel, type RuntimeIdentifier } from '../model/runtime-identifier.ts';
import { cannotFindModule, requirePath, resolveModule, runtimeFile } from './resolve-module.ts';
import { isWithinTask, type TaskFiles, taskRoot } from './task-files.ts';

export type ResolvedHandler =
  | { readonly kind: 'module'; readonly file: string; readonly exportPath: string }
  | InitError;

export interface InitError {
  readonly kind: 'error';
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stack: readonly string[];
}

/** What Lambda tries, in its order, then the languages that it does not know. */
const lambdaExtensions = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.tsx', '.jsx'] as const;

export function resolveHandler(files: TaskFiles, handler: string, runtime: RuntimeIdentifier): ResolvedHandler {
  if (handler.includes('..')) {
    return initError(
      'Runtime.MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const lastSegment = posix.basename(handler);
  const moduleRoot = handler.slice(0, handler.indexOf(lastSegment));
  const split = /^([^.]*)\.(.*)$/.exec(lastSegment);
  if (split?.[1] === undefined || split[2] === undefined)
    return initError('Runtime.MalformedHandlerName', 'Bad handler');
  const [, module, exportPath] = split;

  const found = findModule(files, moduleRoot, module, runtime);
  return typeof found === 'string' ? { kind: 'module', file: found, exportPath } : found;
}

function findModule(
  files: TaskFiles,
  moduleRoot: string,
  module: string,
  runtime: RuntimeIdentifier,
): string | InitError {
  const path = posix.resolve(taskRoot, moduleRoot, module);
  if (files.isFile(path)) return path;
  if (files.isFolder(path) && path !== taskRoot) {
    // A folder of the module's name is loaded like one that was required, and imports know no folders.
    if (programmingModel(runtime) === 'promise') return unsupportedFolder(path);
    const inFolder = requirePath(files, path);
    if (inFolder !== undefined) return inFolder;
  }
  for (const extension of lambdaExtensions) if (files.isFile(path + extension)) return path + extension;
  return inNodeModules(files, posix.resolve(taskRoot, moduleRoot), module);
}

/** `require.resolve(module, {paths: [task root, module root]})`. */
function inNodeModules(files: TaskFiles, moduleRoot: string, module: string): string | InitError {
  for (const folder of [taskRoot, moduleRoot].filter(isWithinTask)) {
    const from = `${folder}/handler`;
    const request = { specifier: module, from, via: 'require', entry: from, requiresEsModules: false } as const;
    const resolution = module === '' ? undefined : resolveModule(files, request);
    if (resolution?.kind === 'file') return resolution.path;
  }
  const text = `Error: ${cannotFindModule(module, [runtimeFile])}`;
  return initError('Runtime.ImportModuleError', text);
}

function unsupportedFolder(path: string): InitError {
  const message = `Directory import '${path}' is not supported resolving ES modules imported from ${runtimeFile}`;
  return {
    kind: 'error',
    errorType: 'Error',
    errorMessage: message,
    stack: [`Error [ERR_UNSUPPORTED_DIR_IMPORT]: ${message}`],
  };
}

/** Our loader has no frames to show below the first lines. */
export function initError(errorType: string, errorMessage: string): InitError {
  return { kind: 'error', errorType, errorMessage, stack: `${errorType}: ${errorMessage}`.split('\n') };
}

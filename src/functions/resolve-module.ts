/**
 * Where an import or require inside a package leads: Node's resolution (https://nodejs.org/api/modules.html#all-together,
 * https://nodejs.org/api/esm.html#resolution-algorithm-specification) over the names of a package. Pure: it sees nothing
 * but TaskFiles, so no specifier can reach a file of the host.
 */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bindingsModule } from '../bridge/node-modules.ts';
import { isTypeScript } from './module-kind.ts';
import { exportsTarget, importsTarget, type Target } from './package-exports.ts';
import { folderOf, isWithinTask, type TaskFiles, taskRoot } from './task-files.ts';

export type Resolution =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'builtin'; readonly specifier: string }
  /** Nothing in the package, but something may be there when the function runs (`/tmp`, `/opt`). */
  | { readonly kind: 'at-run-time'; readonly specifier: string }
  /** Nothing, ever: loading fails with this error, in Node's words. */
  | { readonly kind: 'missing'; readonly code: MissingCode; readonly message: string };

export type MissingCode =
  | 'MODULE_NOT_FOUND'
  | 'ERR_MODULE_NOT_FOUND'
  | 'ERR_UNSUPPORTED_DIR_IMPORT'
  | 'ERR_PACKAGE_PATH_NOT_EXPORTED'
  | 'ERR_PACKAGE_IMPORT_NOT_DEFINED';

export interface ModuleRequest {
  readonly specifier: string;
  /** Absolute path of the file that asks. */
  readonly from: string;
  readonly via: 'import' | 'require';
  /** File that the handler string names: the other end of the require stack in messages. */
  readonly entry: string;
  /** Whether `require` may load ES modules, which makes packages offer them under a condition of their own. */
  readonly requiresEsModules: boolean;
}

const builtins: ReadonlySet<string> = new Set(builtinModules);

export function resolveModule(files: TaskFiles, request: ModuleRequest): Resolution {
  const specifier = request.specifier;
  if (specifier.startsWith('node:') || builtins.has(specifier) || specifier === bindingsModule) {
    return { kind: 'builtin', specifier };
  }
  if (/^\.{1,2}(?:\/|$)/.test(specifier)) {
    return atPath(files, request, posix.resolve(folderOf(request.from), withoutQuery(request)));
  }
  if (request.via === 'import' && specifier.startsWith('file:')) return fileUrl(files, request);
  if (specifier.startsWith('/')) {
    const path = posix.normalize(withoutQuery(request));
    return isWithinTask(path) ? atPath(files, request, path) : { kind: 'at-run-time', specifier };
  }
  if (specifier.startsWith('#')) return ownImport(files, request);
  if (specifier === '' || /^[a-z][a-z0-9+.-]*:/i.test(specifier)) return missing(request);
  return bare(files, request, specifier);
}

/** Node's CommonJS lookup of a path, file before folder; also what Lambda's loader uses for a module without extension. */
export function requirePath(files: TaskFiles, path: string): string | undefined {
  const trailing = path.endsWith('/');
  const clean = trailing ? path.slice(0, -1) : path;
  return (trailing ? undefined : fileAt(files, clean)) ?? folderAt(files, clean);
}

function atPath(files: TaskFiles, request: ModuleRequest, path: string): Resolution {
  const found =
    request.via === 'require' || isLenient(request) ? lenientPath(files, request, path) : exactly(files, path);
  if (found !== undefined) return { kind: 'file', path: found };
  if (request.via === 'import' && files.isFolder(path)) {
    const message = `Directory import '${path}' is not supported resolving ES modules imported from ${request.from}`;
    return { kind: 'missing', code: 'ERR_UNSUPPORTED_DIR_IMPORT', message };
  }
  return missing(request, path);
}

/** TypeScript authors leave extensions away, or write the extension that their compiler would have emitted. */
function isLenient(request: ModuleRequest): boolean {
  return isTypeScript(request.from);
}

function lenientPath(files: TaskFiles, request: ModuleRequest, path: string): string | undefined {
  const asWritten = requirePath(files, request.specifier.endsWith('/') ? `${path}/` : path);
  if (asWritten !== undefined || !isLenient(request)) return asWritten;
  const emitted = /\.([cm]?)jsx?$/.exec(path);
  if (emitted === null) return undefined;
  const stem = path.slice(0, emitted.index);
  return [`${stem}.${emitted[1]}ts`, `${stem}.tsx`].find((source) => files.isFile(source));
}

function exactly(files: TaskFiles, path: string): string | undefined {
  return files.isFile(path) ? path : undefined;
}

/** Node's extensions in Node's order, then ours. */
const extensions = ['', '.js', '.json', '.node', '.ts', '.mts', '.cts', '.tsx', '.jsx'] as const;

function fileAt(files: TaskFiles, path: string): string | undefined {
  for (const extension of extensions) if (files.isFile(path + extension)) return path + extension;
  return undefined;
}

function folderAt(files: TaskFiles, folder: string): string | undefined {
  if (!files.isFolder(folder)) return undefined;
  const main = files.packageJson(folder)?.main;
  if (main !== undefined) {
    const path = posix.resolve(folder, main);
    const found = isWithinTask(path) ? (fileAt(files, path) ?? fileAt(files, `${path}/index`)) : undefined;
    if (found !== undefined) return found;
  }
  return fileAt(files, `${folder}/index`);
}

function fileUrl(files: TaskFiles, request: ModuleRequest): Resolution {
  try {
    const path = fileURLToPath(withoutQuery(request));
    return isWithinTask(path) ? atPath(files, request, path) : { kind: 'at-run-time', specifier: path };
  } catch {
    // Not a URL of a file on this machine; Node would refuse it when it is reached.
    return missing(request);
  }
}

/** The same file with another query is a module of its own in Node; here it is the same one. */
function withoutQuery(request: ModuleRequest): string {
  const { specifier } = request;
  return request.via === 'import' ? specifier.replace(/[?#].*$/s, '') : specifier;
}

function bare(files: TaskFiles, request: ModuleRequest, specifier: string): Resolution {
  const name = packageName(specifier);
  if (name === undefined) return missing(request);
  const subpath = `.${specifier.slice(name.length)}`;

  const own = files.scope(request.from);
  if (own !== undefined && own.packageJson.name === name && own.packageJson.exports !== undefined) {
    return exported(files, request, own.folder, own.packageJson.exports, subpath);
  }
  for (const folder of nodeModulesFolders(folderOf(request.from))) {
    const packageFolder = `${folder}/${name}`;
    const found = inPackage(files, request, packageFolder, subpath);
    if (found !== undefined) return found;
  }
  if (request.via === 'require') {
    // Lambda's NODE_PATH ends in the task root (F1.1).
    const found = requirePath(files, `${taskRoot}/${specifier}`);
    if (found !== undefined) return { kind: 'file', path: found };
    return { kind: 'at-run-time', specifier };
  }
  return missing(request);
}

function inPackage(files: TaskFiles, request: ModuleRequest, folder: string, subpath: string): Resolution | undefined {
  const exports = files.packageJson(folder)?.exports;
  if (exports !== undefined) return exported(files, request, folder, exports, subpath);
  const path = subpath === '.' ? folder : `${folder}${subpath.slice(1)}`;
  if (request.via === 'require' || subpath === '.' || isLenient(request)) {
    // For a package without `exports`, Node's import takes `main` and `index.js` as require does.
    const found = requirePath(files, path);
    return found === undefined ? undefined : { kind: 'file', path: found };
  }
  if (files.isFile(path)) return { kind: 'file', path };
  // The package is there, the file is not: no folder further up is asked.
  return files.isFolder(folder) ? atPath(files, request, path) : undefined;
}

function exported(
  files: TaskFiles,
  request: ModuleRequest,
  folder: string,
  exports: unknown,
  subpath: string,
): Resolution {
  const target = exportsTarget(exports, subpath, conditionsOf(request));
  if (target.kind === 'own') return targetFile(files, request, folder, target.path);
  const subject =
    subpath === '.' ? 'No "exports" main defined' : `Package subpath '${subpath}' is not defined by "exports"`;
  const importer = request.via === 'import' ? ` imported from ${request.from}` : '';
  const message = `${subject} in ${folder}/package.json${importer}`;
  return { kind: 'missing', code: 'ERR_PACKAGE_PATH_NOT_EXPORTED', message };
}

function ownImport(files: TaskFiles, request: ModuleRequest): Resolution {
  const own = files.scope(request.from);
  const target: Target =
    own?.packageJson.imports === undefined
      ? { kind: 'none' }
      : importsTarget(own.packageJson.imports, request.specifier, conditionsOf(request));
  switch (target.kind) {
    case 'own':
      return targetFile(files, request, own?.folder ?? taskRoot, target.path);
    case 'bare':
      return target.specifier.startsWith('#')
        ? missing(request)
        : resolveModule(files, { ...request, specifier: target.specifier });
    case 'none': {
      const where = own === undefined ? '' : ` in package ${own.folder}/package.json`;
      const message = `Package import specifier "${request.specifier}" is not defined${where} imported from ${request.from}`;
      return { kind: 'missing', code: 'ERR_PACKAGE_IMPORT_NOT_DEFINED', message };
    }
    default:
      return target satisfies never;
  }
}

/** Targets are exact, save for a TypeScript source in place of what it compiles to. */
function targetFile(files: TaskFiles, request: ModuleRequest, folder: string, target: string): Resolution {
  const path = posix.join(folder, target);
  return files.isFile(path) ? { kind: 'file', path } : missing(request, path);
}

function conditionsOf(request: ModuleRequest): ReadonlySet<string> {
  return new Set(['node', request.via, 'node-addons', ...(request.requiresEsModules ? ['module-sync'] : [])]);
}

function* nodeModulesFolders(from: string): Iterable<string> {
  for (let folder = from; isWithinTask(folder); folder = folderOf(folder)) {
    if (!folder.endsWith('/node_modules')) yield `${folder}/node_modules`;
  }
}

/** `name` of `name/sub`, `@scope/name` of `@scope/name/sub`. */
function packageName(specifier: string): string | undefined {
  const match = /^(?:@[^/\\%]+\/)?[^./\\%][^/\\%]*/.exec(specifier);
  return match?.[0];
}

function missing(request: ModuleRequest, path?: string): Resolution {
  if (request.via === 'import') {
    const message =
      path === undefined
        ? `Cannot find package '${packageName(request.specifier) ?? request.specifier}' imported from ${request.from}`
        : `Cannot find module '${path}' imported from ${request.from}`;
    return { kind: 'missing', code: 'ERR_MODULE_NOT_FOUND', message };
  }
  return {
    kind: 'missing',
    code: 'MODULE_NOT_FOUND',
    message: cannotFindModule(request.specifier, requireStack(request.from, request.entry)),
  };
}

/** Node's text for a failed require. */
export function cannotFindModule(specifier: string, stack: readonly string[]): string {
  return `Cannot find module '${specifier}'\nRequire stack:\n${stack.map((file) => `- ${file}`).join('\n')}`;
}

/** File of Lambda's own runtime, the root of every require stack. */
export const runtimeFile = '/var/runtime/index.mjs';

/** The files between the asking one and the entry are not known here: how a module was first reached, only running it tells. */
export function requireStack(from: string, entry: string): readonly string[] {
  return from === entry ? [from, runtimeFile] : [from, entry, runtimeFile];
}

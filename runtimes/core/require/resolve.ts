/** Finds the file that a `require` means: Node's CommonJS lookup (https://nodejs.org/api/modules.html#all-together). */
import type { Files, PackageJson, PackageJsons } from './package-json.ts';
import { exportsMap, type MapTarget, resolveInMap } from './package-map.ts';
import { directoryOf, nameOf, resolvePath } from './paths.ts';

const { ArrayPrototypePush, StringPrototypeEndsWith, StringPrototypeIndexOf, StringPrototypeSlice } = primordials;
const { StringPrototypeStartsWith } = primordials;

const conditions: readonly string[] = ['node', 'require', 'module-sync', 'node-addons'];

/** Node's own errors, made where they are known. */
export interface ResolveErrors {
  packagePathNotExported(directory: string, subpath: string, file: string | undefined): Error;
  packageImportNotDefined(name: string, directory: string | undefined, file: string): Error;
  invalidPackageTarget(directory: string, key: string, target: unknown, kind: 'exports' | 'imports'): Error;
  invalidImportName(name: string, file: string): Error;
  missingMain(file: string, packageJson: string): Error;
  /** A map leads to a file that does not exist. */
  missingTarget(file: string, directory: string): Error;
}

export interface ResolverOptions {
  readonly files: Files;
  readonly packages: PackageJsons;
  readonly errors: ResolveErrors;
  /** Searched after all `node_modules`, like NODE_PATH. */
  readonly globalPaths: readonly string[];
  /** Tried in this order behind a name without one. */
  readonly extensions: () => readonly string[];
}

export class Resolver {
  readonly #options: ResolverOptions;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /** The file, or undefined when there is none. `file` is the module that asks; `bases` replaces its directory. */
  resolve(request: string, file: string, bases: readonly string[] = [directoryOf(file)]): string | undefined {
    if (request === '') return undefined;
    if (isPath(request)) return this.#fromPath(request, bases);
    if (StringPrototypeStartsWith(request, '#')) return this.#fromImports(request, file);
    return this.#fromOwnPackage(request, file) ?? this.#fromPackages(request, this.searchPaths(bases));
  }

  /** Every directory in which a package would be looked for. */
  searchPaths(bases: readonly string[]): string[] {
    const paths: string[] = [];
    for (let at = 0; at < bases.length; at++) {
      for (let directory = resolvePath('/', bases[at] ?? '/'); ; directory = directoryOf(directory)) {
        if (nameOf(directory) !== 'node_modules') {
          ArrayPrototypePush(paths, directory === '/' ? '/node_modules' : `${directory}/node_modules`);
        }
        if (directory === '/') break;
      }
    }
    const { globalPaths } = this.#options;
    for (let at = 0; at < globalPaths.length; at++) ArrayPrototypePush(paths, globalPaths[at] ?? '');
    return paths;
  }

  #fromPath(request: string, bases: readonly string[]): string | undefined {
    for (let at = 0; at < bases.length; at++) {
      const found = this.#fileOrDirectory(resolvePath(bases[at] ?? '/', request), meansDirectory(request));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #fromImports(request: string, file: string): string | undefined {
    const { packages, errors } = this.#options;
    if (request === '#' || StringPrototypeEndsWith(request, '/')) throw errors.invalidImportName(request, file);
    const scope = packages.scopeOf(file);
    const imports = scope?.imports as Record<string, unknown> | undefined;
    const target = imports === undefined ? undefined : resolveInMap('imports', imports, request, conditions);
    if (scope === undefined || target === undefined) {
      throw errors.packageImportNotDefined(request, scope?.directory, file);
    }
    if (target.kind !== 'request') return this.#mapped(scope, target, 'imports');
    return this.#fromPackages(target.request, this.searchPaths([scope.directory]));
  }

  /** A package may ask for itself by its name, through its `exports`. */
  #fromOwnPackage(request: string, file: string): string | undefined {
    const scope = this.#options.packages.scopeOf(file);
    if (scope?.exports === undefined || scope.name === undefined) return undefined;
    if (request !== scope.name && !StringPrototypeStartsWith(request, `${scope.name}/`)) return undefined;
    return this.#exported(scope, `.${StringPrototypeSlice(request, scope.name.length)}`, file);
  }

  #fromPackages(request: string, paths: readonly string[]): string | undefined {
    const { name, subpath } = splitRequest(request);
    for (let at = 0; at < paths.length; at++) {
      const path = paths[at] ?? '';
      if (this.#options.files.stat(path) !== 1) continue;
      const scope = name === '' ? undefined : this.#options.packages.read(`${path}/${name}`);
      if (scope?.exports !== undefined) return this.#exported(scope, subpath, undefined);
      const found = this.#fileOrDirectory(resolvePath(path, request), meansDirectory(request));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #exported(scope: PackageJson, subpath: string, askedBy: string | undefined): string {
    const target = resolveInMap('exports', exportsMap(scope.exports), subpath, conditions);
    if (target === undefined) throw this.#options.errors.packagePathNotExported(scope.directory, subpath, askedBy);
    return this.#mapped(scope, target, 'exports');
  }

  #mapped(scope: PackageJson, target: MapTarget, kind: 'exports' | 'imports'): string {
    if (target.kind !== 'path') {
      const { key, wrong } =
        target.kind === 'invalid' ? { key: target.key, wrong: target.target } : { key: '', wrong: '' };
      throw this.#options.errors.invalidPackageTarget(scope.directory, key, wrong, kind);
    }
    const path = resolvePath(scope.directory, target.path);
    if (this.#options.files.stat(path) !== 0) throw this.#options.errors.missingTarget(path, scope.directory);
    return this.#options.files.realpath(path);
  }

  #fileOrDirectory(path: string, isDirectoryMeant: boolean): string | undefined {
    const kind = this.#options.files.stat(path);
    if (!isDirectoryMeant) {
      if (kind === 0) return this.#options.files.realpath(path);
      const found = this.#withExtension(path);
      if (found !== undefined) return found;
    }
    return kind === 1 ? this.#directory(path) : undefined;
  }

  #directory(path: string): string | undefined {
    const main = this.#options.packages.read(path)?.main;
    if (main === undefined || main === '') return this.#withExtension(`${path}/index`);
    const target = resolvePath(path, main);
    const isFile = this.#options.files.stat(target) === 0;
    const found =
      (isFile ? this.#options.files.realpath(target) : undefined) ??
      this.#withExtension(target) ??
      this.#withExtension(`${target}/index`) ??
      this.#withExtension(`${path}/index`);
    if (found === undefined) throw this.#options.errors.missingMain(target, `${path}/package.json`);
    return found;
  }

  #withExtension(path: string): string | undefined {
    const extensions = this.#options.extensions();
    for (let at = 0; at < extensions.length; at++) {
      const candidate = path + extensions[at];
      if (this.#options.files.stat(candidate) === 0) return this.#options.files.realpath(candidate);
    }
    return undefined;
  }
}

export function isPath(request: string): boolean {
  return (
    request === '.' ||
    request === '..' ||
    StringPrototypeStartsWith(request, './') ||
    StringPrototypeStartsWith(request, '../') ||
    StringPrototypeStartsWith(request, '/')
  );
}

function meansDirectory(request: string): boolean {
  return (
    request === '.' ||
    request === '..' ||
    StringPrototypeEndsWith(request, '/') ||
    StringPrototypeEndsWith(request, '/.') ||
    StringPrototypeEndsWith(request, '/..')
  );
}

/** `@scope/name/sub/path` is package `@scope/name`, subpath `./sub/path`. No name: it cannot be a package. */
function splitRequest(request: string): { readonly name: string; readonly subpath: string } {
  const slash = StringPrototypeIndexOf(request, '/');
  let end = slash === -1 ? request.length : slash;
  if (StringPrototypeStartsWith(request, '@')) {
    if (slash === -1) return { name: '', subpath: '.' };
    const second = StringPrototypeIndexOf(StringPrototypeSlice(request, slash + 1), '/');
    end = second === -1 ? request.length : slash + 1 + second;
  }
  return { name: StringPrototypeSlice(request, 0, end), subpath: `.${StringPrototypeSlice(request, end)}` };
}

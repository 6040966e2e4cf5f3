/** Puts the loader of the package's files together for a guest. Its place among the bindings only makes it lazy. */
import type { CoreContext } from '../context.ts';
import { coded, extensionsOf, Loader, type LoaderErrors } from '../require/loader.ts';
import { type Files, PackageJsons } from '../require/package-json.ts';
import { type ResolveErrors, Resolver } from '../require/resolve.ts';

const { StringPrototypeEndsWith, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeStartsWith } =
  primordials;

type ErrorClass = new (...args: unknown[]) => Error;

interface ErrorsModule {
  readonly codes: Readonly<
    Record<
      | 'ERR_INVALID_ARG_TYPE'
      | 'ERR_INVALID_ARG_VALUE'
      | 'ERR_INVALID_MODULE_SPECIFIER'
      | 'ERR_INVALID_PACKAGE_CONFIG'
      | 'ERR_INVALID_PACKAGE_TARGET'
      | 'ERR_PACKAGE_IMPORT_NOT_DEFINED'
      | 'ERR_PACKAGE_PATH_NOT_EXPORTED'
      | 'ERR_REQUIRE_ESM',
      ErrorClass
    >
  >;
}

interface FsBinding {
  internalModuleStat(path: string): number;
  readFileUtf8(path: string, flags: number): string;
  realpath(path: string): string;
}

export function createBindings(context: CoreContext): Record<string, object> {
  const { library, settings } = context;
  const fs = library.internalBinding('fs') as FsBinding;
  const files: Files = {
    stat: (path) => fs.internalModuleStat(path),
    readText: (path) => fs.readFileUtf8(path, 0),
    realpath: (path) => fs.realpath(path),
  };
  const codes = () => library.require<ErrorsModule>('internal/errors').codes;
  const packages = new PackageJsons(
    files,
    (path, message) => new (codes().ERR_INVALID_PACKAGE_CONFIG)(path, undefined, message),
  );
  const loader = new Loader(
    files,
    packages,
    (made) =>
      new Resolver({
        files,
        packages,
        errors: resolveErrors(codes),
        globalPaths: globalPaths(settings.runtime),
        extensions: () => extensionsOf(made),
      }),
    loaderErrors(codes),
  );
  return { 'user-modules': loader };
}

/** NODE_PATH of Lambda's runtimes: layers, then the package itself. */
function globalPaths(runtime: string): readonly string[] {
  const dot = StringPrototypeIndexOf(runtime, '.');
  const isVersioned = StringPrototypeStartsWith(runtime, 'nodejs') && dot !== -1;
  const major = isVersioned ? StringPrototypeSlice(runtime, 'nodejs'.length, dot) : '';
  if (major === '') return ['/opt/nodejs/node_modules', '/var/task'];
  return [`/opt/nodejs/node${major}/node_modules`, '/opt/nodejs/node_modules', '/var/task'];
}

function resolveErrors(codes: () => ErrorsModule['codes']): ResolveErrors {
  return {
    packagePathNotExported: (directory, subpath, file) =>
      new (codes().ERR_PACKAGE_PATH_NOT_EXPORTED)(withSlash(directory), subpath, file),
    invalidImportName: (name, file) =>
      new (codes().ERR_INVALID_MODULE_SPECIFIER)(name, 'is not a valid internal imports specifier name', file),
    missingTarget: (file, directory) => coded('MODULE_NOT_FOUND', `Cannot find module '${file}'`, { path: directory }),
    packageImportNotDefined: (name, directory, file) =>
      new (codes().ERR_PACKAGE_IMPORT_NOT_DEFINED)(
        name,
        directory === undefined ? undefined : withSlash(directory),
        file,
      ),
    invalidPackageTarget: (directory, key, target, kind) =>
      new (codes().ERR_INVALID_PACKAGE_TARGET)(withSlash(directory), key, target, kind === 'imports'),
    missingMain: (file, packageJson) =>
      coded(
        'MODULE_NOT_FOUND',
        `Cannot find module '${file}'. Please verify that the package.json has a valid "main" entry`,
        { path: packageJson },
      ),
  };
}

function loaderErrors(codes: () => ErrorsModule['codes']): LoaderErrors {
  return {
    invalidId: (id) =>
      typeof id === 'string'
        ? new (codes().ERR_INVALID_ARG_VALUE)('id', id, 'must be a non-empty string')
        : new (codes().ERR_INVALID_ARG_TYPE)('id', 'string', id),
    invalidRequest: (request) => new (codes().ERR_INVALID_ARG_TYPE)('request', 'string', request),
    requireEsm: (file, parent, packageJson) => new (codes().ERR_REQUIRE_ESM)(file, false, parent, packageJson),
  };
}

function withSlash(directory: string): string {
  return StringPrototypeEndsWith(directory, '/') ? directory : `${directory}/`;
}

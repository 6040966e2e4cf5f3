/**
 * Bundles code for the runtime builder: our guest code (`runtimes/`), one script for the core and one small module for each file
 * that a guest loads at first use only; and what the sandbox starts threads with after it is locked.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from '../functions/esbuild.ts';
import type { BuildRequest } from '../protocol/image-manifest.ts';
import { filesIn, hashFiles } from './source-files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const runtimes = join(root, 'runtimes');

/** Folders of `runtimes/core` whose files are modules of their own. */
const lazyFolders = ['bindings', 'modules'] as const;

export async function bundleGuestScripts(): Promise<Pick<BuildRequest, 'guest' | 'modules' | 'cryptoThread'>> {
  const [guest, modules, cryptoThread] = await Promise.all([bundleGuest(), bundleModules(), bundleCryptoThread()]);
  return { guest, modules, cryptoThread };
}

async function bundleGuest(): Promise<string> {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [join(runtimes, 'nodejs', 'main.ts')],
    format: 'iife',
    globalName: 'isothermGuest',
    write: false,
  });
  return textOf(outputFiles);
}

async function bundleCryptoThread(): Promise<string> {
  const { outputFiles } = await build({
    ...common,
    platform: 'node',
    entryPoints: [join(cryptoFolder, `long-worker${extension}`)],
    // Its names must not be those of globals, which a thread's text would replace.
    format: 'iife',
    write: false,
  });
  return textOf(outputFiles);
}

async function bundleModules(): Promise<Record<string, string>> {
  const files = lazyFolders.flatMap((folder) =>
    readdirSync(join(runtimes, 'core', folder))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => ({
        id: `isotherm/${folder}/${name.slice(0, -'.ts'.length)}`,
        path: join(runtimes, 'core', folder, name),
      })),
  );
  const texts = await Promise.all(
    files.map(async ({ id, path }) => {
      const { outputFiles } = await build({ ...common, entryPoints: [path], format: 'esm', write: false });
      return [id, withPlainExports(textOf(outputFiles))] as const;
    }),
  );
  return Object.fromEntries(texts);
}

/** esbuild's own way to CommonJS runs through built-ins that user code may have replaced by the time the module is loaded. */
function withPlainExports(module: string): string {
  return module.replace(/^export \{([^}]*)\};?$/gm, (_, names: string) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => `exports.${name} = ${name};`)
      .join('\n'),
  );
}

function textOf(files: readonly { readonly text: string }[]): string {
  const [file] = files;
  if (file === undefined) throw new Error('esbuild gave no output');
  return file.text;
}

/** The URL parser's helpers that a guest has better ones for. */
const standIns: Plugin = {
  name: 'isotherm-stand-ins',
  setup({ onResolve }) {
    const urlFolder = join(runtimes, 'core', 'bindings', 'url');
    onResolve({ filter: /^tr46$/ }, () => ({ path: join(urlFolder, 'tr46.ts') }));
    onResolve({ filter: /^\.\/encoding$/ }, ({ importer }) =>
      importer.includes('whatwg-url') ? { path: join(urlFolder, 'utf8.ts') } : undefined,
    );
  },
};

/** Nothing is renamed or minified: the code is small, and stacks of it should read well. */
const common = {
  bundle: true,
  platform: 'neutral',
  mainFields: ['main'],
  target: 'esnext',
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'silent',
  absWorkingDir: root,
  plugins: [standIns],
} satisfies BuildOptions;

/** Changes with every file that decides what a built runtime is. */
export function guestSourcesHash(): string {
  const hash = createHash('sha256');
  const files = [
    ...filesIn(runtimes),
    ...filesIn(join(root, 'src', 'bridge')),
    // Limits that guest code takes over.
    ...filesIn(join(root, 'src', 'model')),
    ...filesIn(join(sandboxFolder, 'build-runtime')),
    ...filesIn(cryptoFolder),
    // How they are bundled.
    fileURLToPath(import.meta.url),
    ...['build-runtime', 'ivm', 'runtime-image'].map((name) => join(sandboxFolder, `${name}${extension}`)),
    createRequire(import.meta.url).resolve('whatwg-url/package.json'),
  ];
  hashFiles(hash, root, files);
  return hash.digest('hex');
}

/** The builder's program lies beside this one, in the same form: as written here, compiled when published. */
const sandboxFolder = fileURLToPath(new URL('../sandbox/', import.meta.url));
const cryptoFolder = join(sandboxFolder, 'services', 'crypto');
const extension = extname(fileURLToPath(import.meta.url));

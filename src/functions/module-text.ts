/**
 * One file of a package as esbuild gets it for bundling: its text with what the file may expect to know of itself
 * (`__dirname`, `import.meta`, its `module`), without anything that would lead esbuild to the host's files.
 * Lines stay where they are, or a source map says where they went.
 */
import { pathToFileURL } from 'node:url';
import { programmingModel, type RuntimeIdentifier } from '../model/runtime-identifier.ts';
import { fromFolderFunction, mayTouchHost } from './computed-imports.ts';
import { type Loader, transform } from './esbuild.ts';
import type { Guard } from './guard-thread.ts';
import type { Language } from './module-syntax.ts';
import { runtimeFile } from './resolve-module.ts';
import { folderOf } from './task-files.ts';

/** Ends the paths that esbuild sees, so that it draws no conclusions from their extensions: what a file is, we say. */
export const pathEnd = '#';

export interface ModuleText {
  readonly contents: string;
  readonly loader: Loader;
}

export interface ModuleSource {
  /** `/var/task/lib/a.js` */
  readonly file: string;
  readonly text: string;
  readonly language: Language;
  readonly system: 'cjs' | 'esm';
  readonly runtime: RuntimeIdentifier;
  readonly entry: string;
}

/** esbuild puts this name wherever the text says `import.meta`. */
export const importMetaName = '__isothermMeta';
export const transformOptions = {
  logLevel: 'silent',
  target: 'esnext',
  platform: 'node',
  tsconfigRaw: '{}',
  charset: 'ascii',
  legalComments: 'none',
  define: { 'import.meta': importMetaName },
  // An isolate has no `import()`; esbuild makes it a promise of what `require` gives.
  supported: { 'dynamic-import': false },
} as const;

/**
 * `one-by-one`: an ES module becomes CommonJS on its own, in strict mode of its own, because the bundle holds both kinds.
 * @throws BuildFailure of esbuild for mistakes in the text; SyntaxError, RangeError when it cannot be made safe to bundle
 */
export async function moduleText(
  source: ModuleSource,
  linking: 'together' | 'one-by-one',
  guard: Guard,
): Promise<ModuleText> {
  const text = withoutSourceMapComment(withoutPreamble(source.text));
  const isConverted = source.system === 'esm' && linking === 'one-by-one';
  const isGuarded = mayTouchHost(text);
  if (!isConverted && !isGuarded) {
    return { contents: `${prefix(source, text)}${text}${suffix(source)}`, loader: source.language };
  }

  const printed = await transform(text, {
    ...transformOptions,
    loader: source.language,
    // Without an extension: of `.mjs` esbuild thinks that whatever it imports is CommonJS.
    sourcefile: `${source.file}${pathEnd}`,
    sourcemap: 'external',
    sourcesContent: false,
    jsx: 'automatic',
    ...(isConverted ? { format: 'cjs' } : { define: {}, supported: { decorators: false, using: false } }),
  });
  const isModule = source.system === 'esm' && !isConverted;
  const code = isGuarded
    ? await guard({ code: printed.code, folder: folderBesideEntry(source), system: isModule ? 'esm' : 'cjs' })
    : printed.code;
  const strict = isConverted ? '"use strict";' : '';
  const map = Buffer.from(printed.map).toString('base64');
  return {
    contents: `${strict}${prefix(source, code)}${code}${isConverted ? '' : suffix(source)}\n//# sourceMappingURL=data:application/json;base64,${map}`,
    loader: 'js',
  };
}

/** The wrapper's own `require` looks beside the entry already. */
function folderBesideEntry(source: ModuleSource): string | undefined {
  const folder = folderOf(source.file);
  return folder === folderOf(source.entry) ? undefined : folder;
}

/** A byte order mark and a `#!` line are not JavaScript for a bundler; the line stays, as a comment. */
function withoutPreamble(text: string): string {
  const clean = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return clean.startsWith('#!') ? `//${clean.slice(2)}` : clean;
}

/** Lambda shows positions in the deployed file; a map that the client's own compiler left inside would move them. */
function withoutSourceMapComment(text: string): string {
  return text.replace(/\n\/\/[#@] ?sourceMappingURL=[^\n`]*\s*$/, '\n');
}

/** Makes esbuild see an ES module where the file's name says so, even if its text does not. */
function suffix(source: ModuleSource): string {
  return source.system === 'esm' ? '\n;export {};' : '';
}

/** What stands in front of the text, on its first line. A directive there must stay the first statement. */
function prefix(source: ModuleSource, text: string): string {
  const declarations = [...selfNames(source, text), ...importMeta(source, text), ...moduleFields(source, text)];
  if (declarations.length === 0) return '';
  const directive = leadingUseStrict.test(text) ? '"use strict";' : '';
  return `${directive}${declarations.join('')}`;
}

const leadingUseStrict = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:"use strict"|'use strict')/;

function* selfNames(source: ModuleSource, text: string): Iterable<string> {
  // TypeScript compiled elsewhere has both names whatever its import syntax; a real ES module has none.
  if (source.system === 'esm' && (source.language === 'js' || source.language === 'jsx')) return;
  const values = { __filename: source.file, __dirname: folderOf(source.file) };
  for (const [name, value] of Object.entries(values)) {
    const isDeclared = new RegExp(`\\b(?:const|let|class|function)\\s+${name}\\b`).test(text);
    if (text.includes(name) && !(isDeclared && source.system === 'esm')) yield `var ${name}=${JSON.stringify(value)};`;
  }
}

function* importMeta(source: ModuleSource, text: string): Iterable<string> {
  if (source.system !== 'esm' || !(/\bmeta\b/.test(text) || text.includes(importMetaName))) return;
  const url = JSON.stringify(pathToFileURL(source.file).href);
  const [file, folder] = [JSON.stringify(source.file), JSON.stringify(folderOf(source.file))];
  yield `var ${importMetaName}={__proto__:null,dirname:${folder},filename:${file},main:false,resolve:(specifier)=>importMeta.resolve(specifier,${url}),url:${url}};`;
}

/** esbuild's `module` has `exports` only. */
const moduleFieldNames = /\bmodule\s*(?:\?\.|\.|\[)\s*["']?(?:parent|id|filename|loaded|children|paths|path|require)\b/;

function* moduleFields(source: ModuleSource, text: string): Iterable<string> {
  if (source.system !== 'cjs' || !moduleFieldNames.test(text)) return;
  const parent = parentOf(source);
  const fields = [
    `id:${JSON.stringify(source.file)}`,
    `filename:${JSON.stringify(source.file)}`,
    `path:${JSON.stringify(folderOf(source.file))}`,
    'loaded:false',
    'children:[]',
    'paths:[]',
    `require:(id)=>require(${fromFolderFunction}(${JSON.stringify(folderOf(source.file))},id))`,
    `parent:${parent === undefined ? 'undefined' : `{id:${JSON.stringify(parent)},filename:${JSON.stringify(parent)},exports:{},children:[],paths:[]}`}`,
  ];
  yield `Object.assign(module,{${fields.join(',')}});`;
}

/** `if (!module.parent)` asks whether the file was started directly. Node 24's Lambda imports the entry, and then it has none. */
function parentOf(source: ModuleSource): string | undefined {
  if (source.file !== source.entry) return source.entry;
  return programmingModel(source.runtime) === 'promise' ? undefined : runtimeFile;
}

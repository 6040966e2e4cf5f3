/**
 * The script around a bundle: a function expression with Node's module parameters (see `EntryPoint` in `bridge/contract.ts`),
 * and the source map that accounts for it. The header is one line, so positions need a line added and no column.
 */
import { fromFolderFunction, sameFunction } from './computed-imports.ts';
import { runtimeFile } from './resolve-module.ts';
import { isWithinTask } from './task-files.ts';
import { taskFileOf } from './task-plugin.ts';

export type BundleFormat = 'cjs' | 'esm';

/** Names that the start module of a bundle uses for what the wrapper was given; its own are those of a module. */
export const outerModuleName = '__isothermModule';
export const fillExportsName = '__isothermFillExports';

/** A parameter of the wrapper, called with modules that only computed names may lead to: by file, functions that load them. */
export const offerModulesName = '__isothermOffer';

const parameters = `exports, require, module, __filename, __dirname, importMeta, ${offerModulesName}`;

const definitions: Readonly<Record<string, string>> = {
  [outerModuleName]: `const ${outerModuleName}=module;`,
  [fillExportsName]: `const ${fillExportsName}=(namespace)=>Object.defineProperties(exports,Object.getOwnPropertyDescriptors(namespace));`,
  // A relative name leads from the folder of the file it stands in; the URL of a file is its path; anything else is left alone.
  [fromFolderFunction]: `const ${fromFolderFunction}=(folder,name)=>typeof name==="string"&&/^\\.\\.?(\\/|$)/.test(name)?folder+"/"+name:${sameFunction}(name);`,
  [sameFunction]: `const ${sameFunction}=(name)=>typeof name==="string"&&name.startsWith("file:///")?decodeURIComponent(name.slice(7)):name;`,
};

/**
 * The bundle stands in an inner function: its own top-level names (`const __dirname = …` is common in ES modules) may then be
 * those of the parameters.
 */
export function bundleScript(code: string, format: BundleFormat, mode: 'strict' | 'sloppy'): string {
  const strict = mode === 'strict' ? '"use strict";' : '';
  const needed = Object.entries(definitions)
    .filter(([name]) => code.includes(name) || (name === sameFunction && code.includes(fromFolderFunction)))
    .map(([, definition]) => definition)
    .join('');
  return format === 'cjs'
    ? `(function(${parameters}){${strict}${needed}(()=>{\n${code}\n})()})`
    : `(async function(${parameters}){${strict}${needed}await(async()=>{\n${code}\n})()})`;
}

interface SourceMap {
  readonly version: number;
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

/** esbuild's map of the bundle, moved down by the header, with the sources' names as the guest knows them. */
export function bundleSourceMap(json: string): string {
  // esbuild's own output.
  const map = JSON.parse(json) as SourceMap;
  return JSON.stringify({
    version: 3,
    // What is not from the package stands in for a part of the platform.
    sources: map.sources.map((source) => taskFileOf(source) ?? (isWithinTask(source) ? source : runtimeFile)),
    names: map.names,
    mappings: `;${map.mappings}`,
  });
}

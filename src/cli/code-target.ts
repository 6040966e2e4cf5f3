/**
 * What `isotherm invoke` and `isotherm serve` were pointed at, as code to deploy: a file, a directory or a zip. It reads names
 * and one text, and decides; packing and checking is the registry's.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { CodeInput } from '../functions/registry.ts';
import { limits } from '../model/limits.ts';

export interface CodeTarget {
  readonly functionName: string;
  readonly code: CodeInput;
  /** `file.handler` when the file names it; absent: the default, or what the user says. */
  readonly handler?: string;
}

const moduleExtensions = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.tsx', '.jsx']);

/** undefined when there is no such path: then it may be the name of a deployed function. */
export function codeTarget(path: string): CodeTarget | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const absolute = resolve(path);
  const functionName = functionNameOf(absolute);
  if (stats.isDirectory()) return { functionName, code: { directory: absolute } };
  if (extname(absolute) === '.zip') return { functionName, code: { zipFile: absolute } };
  const source = readFileSync(absolute, 'utf8');
  // A file that reaches for its neighbours needs them: then its whole directory is the package.
  return reachesForNeighbours(source)
    ? {
        functionName,
        code: { directory: dirname(absolute) },
        handler: `${basename(absolute, extname(absolute))}.handler`,
      }
    : { functionName, code: { source, sourceFile: `index${extname(absolute)}` } };
}

/** The functions of a directory given to `serve`: each module, zip and subdirectory with an index module in it. */
export function codeTargetsIn(directory: string): CodeTarget[] {
  const targets: CodeTarget[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true }).toSorted((a, b) =>
    a.name.localeCompare(b.name),
  )) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(directory, entry.name);
    const deployable = entry.isDirectory()
      ? readdirSync(path).some(
          (name) => basename(name, extname(name)) === 'index' && moduleExtensions.has(extname(name)),
        )
      : entry.isFile() &&
        (extname(entry.name) === '.zip' || (moduleExtensions.has(extname(entry.name)) && exportsHandler(path)));
    const target = deployable ? codeTarget(path) : undefined;
    if (target !== undefined) targets.push(target);
  }
  return targets;
}

/** By the look of it: an export statement of that name at the beginning of a line, CommonJS or ESM. */
function exportsHandler(path: string): boolean {
  return /^\s*(?:export\s+(?:const|let|var|function|async\s+function)\s+handler\b|export\s*\{[^}]*\bhandler\b|(?:module\.)?exports\.handler\b|module\.exports\s*=\s*\{[^}]*\bhandler\b)/m.test(
    readFileSync(path, 'utf8'),
  );
}

function reachesForNeighbours(source: string): boolean {
  return /\b(?:from|import|require)\s*\(?\s*['"]\.{1,2}\//.test(source) || /\b__dirname\b/.test(source);
}

/** Lambda's names have letters, digits, `-` and `_` only. */
export function functionNameOf(path: string): string {
  const name = basename(path, statSync(path).isDirectory() ? '' : extname(path)).replace(/[^a-zA-Z0-9_-]+/g, '-');
  return name.slice(0, limits.functionNameLengthMax) || 'function';
}

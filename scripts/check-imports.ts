/**
 * Holds the import table: which folder may import which (DESIGN: dependencies point one way), and which package is imported
 * in one place only. Run by `npm run check`; `test/import-table.test.ts` proves that it can fail.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder -> folders it may import. Its own folder is always allowed. A new row is its own commit, with its reason. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  'src/base': [],
  'src/model': ['src/base'],
  'src/bridge': ['src/base', 'src/model'],
  'src/protocol': ['src/base', 'src/model', 'src/bridge'],
  'src/functions': ['src/base', 'src/model', 'src/bridge'],
  'src/scheduler': ['src/base', 'src/model'],
  // What the embedder offers to guests; it knows calls, not functions or sandboxes.
  'src/bindings': ['src/base', 'src/model', 'src/bridge', 'src/protocol'],
  'src/supervisor': ['src/base', 'src/model', 'src/bridge', 'src/protocol', 'src/functions'],
  'src/egress': ['src/base', 'src/model', 'src/protocol'],
  // Who invokes is told to it: a queue knows functions by name only.
  'src/queue': ['src/base', 'src/model'],
  'src/store': ['src/base', 'src/model', 'src/functions', 'src/queue'],
  'src/telemetry': ['src/base', 'src/model'],
  // The lines that telemetry makes of events, kept and searched.
  'src/logs': ['src/base', 'src/model', 'src/telemetry'],
  'src/engine': [
    'src/base',
    'src/model',
    'src/bridge',
    'src/protocol',
    'src/functions',
    'src/scheduler',
    'src/supervisor',
    'src/egress',
    'src/store',
    'src/queue',
    'src/telemetry',
    'src/logs',
    'src/bindings',
  ],
  'src/http': ['src/base', 'src/model', 'src/functions', 'src/queue', 'src/telemetry', 'src/logs', 'src/engine'],
  'src/cli': [
    'src/base',
    'src/model',
    'src/functions',
    'src/supervisor',
    'src/telemetry',
    'src/logs',
    'src/engine',
    'src/http',
  ],
  // A program of its own: the host never imports it, it never imports the host.
  'src/sandbox': ['src/base', 'src/model', 'src/bridge', 'src/protocol'],
  // Guest code: only plain data of the border may come from outside.
  'runtimes/core': ['src/bridge', 'src/model', 'runtimes/nodejs'],
  'runtimes/nodejs': ['src/bridge', 'src/model', 'runtimes/core'],
};

/** Package -> the only file that imports it. */
export const singleImporters: Readonly<Record<string, string>> = {
  'isolated-vm': 'src/sandbox/ivm.ts',
  esbuild: 'src/functions/esbuild.ts',
  pino: 'src/telemetry/pino.ts',
  'node:sqlite': 'src/store/database.ts',
};

export interface Import {
  /** Path of the importing file from the project's root, POSIX separators. */
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** What one import breaks, or undefined. Type-only imports of the single-importer packages cost nothing and are free. */
export function violation({ file, specifier, typeOnly }: Import): string | undefined {
  const only = singleImporters[specifier];
  if (only !== undefined && only !== file && !typeOnly) {
    return `${file} imports ${specifier}; only ${only} may`;
  }
  if (!specifier.startsWith('.')) return undefined;
  const target = relative('/', resolve('/', dirname(file), specifier))
    .split(sep)
    .join('/');
  const from = folderOf(file);
  const to = folderOf(target);
  // The public entry re-exports; programs at the top of a tree have no row.
  if (from === undefined || from === to) return undefined;
  if (to === undefined) return `${file} imports ${target}, which belongs to no folder of the table`;
  return importTable[from]?.includes(to) ? undefined : `${file} imports ${target}: ${from} may not import ${to}`;
}

function folderOf(file: string): string | undefined {
  const [top, folder, ...rest] = file.split('/');
  if (top === undefined || folder === undefined || rest.length === 0) return undefined;
  const name = `${top}/${folder}`;
  return name in importTable ? name : undefined;
}

export function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const statement = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
  for (const match of text.matchAll(statement)) {
    if (match[2] !== undefined) found.push({ file, specifier: match[2], typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    if (match[1] !== undefined) found.push({ file, specifier: match[1], typeOnly: false });
  }
  return found;
}

function sourceFiles(root: string): string[] {
  return ['src', 'runtimes'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const broken = sourceFiles(root).flatMap((file) =>
    importsOf(file, readFileSync(join(root, file), 'utf8')).flatMap((found) => violation(found) ?? []),
  );
  for (const line of broken) console.error(line);
  if (broken.length > 0) {
    console.error(`${broken.length} imports break the table in scripts/check-imports.ts`);
    process.exitCode = 1;
  }
}

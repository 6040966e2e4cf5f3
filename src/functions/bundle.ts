/**
 * Makes one script of the module that a handler string names and of everything it loads. Runs esbuild as often as it takes to
 * know the package: which files are ES modules and which CommonJS, whether one waits at its top level, which do not parse.
 *
 * ES modules alone are linked together by esbuild and run in strict mode; CommonJS alone runs as it is written. Where a
 * package has both, ES modules are converted one by one: strict mode is theirs alone, so neither kind runs under the other's
 * rules. Only with top-level await is that impossible, and the whole bundle then follows the looser rules.
 */

import { offeredModules } from '../bridge/node-modules.ts';
import { limits } from '../model/limits.ts';
import type { RuntimeIdentifier } from '../model/runtime-identifier.ts';
import {
  type BundleFormat,
  bundleScript,
  bundleSourceMap,
  fillExportsName,
  offerModulesName,
  outerModuleName,
} from './bundle-script.ts';
import { type BuildOptions, context, type Message, served as servedByEsbuild } from './esbuild.ts';
import { createGuard } from './guard-thread.ts';
import { transformOptions } from './module-text.ts';
import type { PackageReader } from './package-reader.ts';
import { withModulesCompiled, withoutIdleNames } from './parsed-once.ts';
import type { InitError } from './resolve-handler.ts';
import {
  awaitOutsideAsync,
  problemAt,
  type SyntaxProblem,
  syntaxProblem,
  userCodeSyntaxError,
} from './syntax-problem.ts';
import {
  type ModuleSystem,
  messagesOf,
  moduleSystem,
  Served,
  startName,
  type TaskPlan,
  taskFileOf,
  taskPlugin,
} from './task-plugin.ts';

export type Bundle =
  | {
      readonly kind: 'bundle';
      readonly format: BundleFormat;
      readonly script: string;
      readonly sourceMap: string;
      readonly builtins: readonly string[];
    }
  | { readonly kind: 'error'; readonly error: InitError; readonly problem?: SyntaxProblem };

/** Bundling came to no end: esbuild failed in a way that names no file of the package, or a limit was reached. */
export class BundleFailedError extends Error {
  override readonly name = 'BundleFailedError';
}

export interface BundleRequest {
  readonly reader: PackageReader;
  /** `/var/task/…` */
  readonly entry: string;
  readonly runtime: RuntimeIdentifier;
  /**
   * `lowered`: code that uses AsyncLocalStorage gets async functions made of promises, for guests in which nothing but `then` can
   * carry its store on. Default `native`.
   */
  readonly asyncFunctions?: AsyncFunctions;
  readonly signal?: AbortSignal;
}

export type AsyncFunctions = 'native' | 'lowered';

/** What is known of a package so far; every round of esbuild may add to it. */
interface Knowledge {
  readonly linking: 'together' | 'one-by-one';
  readonly output: ModuleSystem;
  readonly entrySystem: ModuleSystem;
  readonly unparsable: ReadonlyMap<string, SyntaxProblem>;
  readonly asyncFunctions: AsyncFunctions;
  /** ES modules of the author that nothing reaches but, maybe, a computed name. Undefined while that was not looked at. */
  readonly late: readonly string[] | undefined;
}

type Built =
  | {
      readonly kind: 'built';
      readonly code: string;
      readonly map: string;
      readonly misplaced: readonly string[];
      readonly builtins: readonly string[];
    }
  | { readonly kind: 'failed'; readonly errors: readonly Message[] };

/** @throws BundleFailedError */
export async function bundle(request: BundleRequest): Promise<Bundle> {
  const entrySystem = (await moduleSystem(request.reader, request.entry, request.runtime)) ?? 'cjs';
  let known: Knowledge = {
    linking: 'together',
    output: 'cjs',
    entrySystem,
    unparsable: new Map(),
    asyncFunctions: 'native',
    late: undefined,
  };
  for (let round = 0; round < limits.bundleRoundsMax; round += 1) {
    const served = new Served();
    const built = await build(request, known, served);
    const next =
      built.kind === 'built'
        ? await afterSuccess(request, known, served, built)
        : afterFailure(known, served, built.errors);
    if (next.kind === 'done') return next.bundle;
    const broken = fatalProblem(request.entry, served, next.known.unparsable);
    if (broken !== undefined)
      return { kind: 'error', error: userCodeSyntaxError(broken, request.runtime), problem: broken };
    known = next.known;
  }
  throw new BundleFailedError(`the package has more than ${limits.bundleRoundsMax} layers of files that do not parse`);
}

type Next = { readonly kind: 'done'; readonly bundle: Bundle } | { readonly kind: 'again'; readonly known: Knowledge };

async function afterSuccess(
  request: BundleRequest,
  known: Knowledge,
  served: Served,
  built: Extract<Built, { kind: 'built' }>,
): Promise<Next> {
  if (built.misplaced.length > 0) {
    const unparsable = new Map(known.unparsable);
    for (const file of built.misplaced) unparsable.set(file, misplacedSyntax(file, await request.reader.text(file)));
    return { kind: 'again', known: { ...known, unparsable } };
  }
  if (served.hasComputedNames && known.late === undefined && known.output === 'cjs') {
    const late = await lateModules(request, served);
    if (late.length > 0) return { kind: 'again', known: { ...known, late } };
  }
  const systems = new Set(served.systems.values());
  const isMixed = systems.size > 1;
  if (isMixed && known.output === 'cjs' && known.linking === 'together') {
    return { kind: 'again', known: { ...known, linking: 'one-by-one' } };
  }
  // With top-level await esbuild cannot do it; the runtime then says so (see `runtimes/core/bindings/context-frame`).
  const isLoweringDue =
    request.asyncFunctions === 'lowered' && known.output === 'cjs' && asyncContextWords.test(built.code);
  if (isLoweringDue && known.asyncFunctions === 'native') {
    return { kind: 'again', known: { ...known, asyncFunctions: 'lowered' } };
  }
  const mode = !isMixed && systems.has('esm') ? 'strict' : 'sloppy';
  const script = bundleScript(built.code, known.output, mode);
  if (script.length > limits.bundleBytesMax) {
    throw new BundleFailedError(`the bundle has ${script.length} bytes; at most ${limits.bundleBytesMax} are allowed`);
  }
  return {
    kind: 'done',
    bundle: {
      kind: 'bundle',
      format: known.output,
      script,
      sourceMap: bundleSourceMap(built.map),
      builtins: built.builtins,
    },
  };
}

/** Only ES modules: what is CommonJS the guest's own loader reads from its files. */
async function lateModules({ reader, runtime }: BundleRequest, { systems }: Served): Promise<readonly string[]> {
  const late: string[] = [];
  let chars = 0;
  for (const file of [...reader.files.ownFiles()].sort()) {
    if (systems.has(file) || !mayBeModule.test(file)) continue;
    if ((await moduleSystem(reader, file, runtime)) !== 'esm') continue;
    chars += (await reader.text(file)).length;
    if (late.length === limits.lateModulesMax || chars > limits.lateModuleCharsMax) break;
    late.push(file);
  }
  return late;
}

const mayBeModule = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/** Whatever names neither the class nor its module cannot reach it but by tricks. */
const asyncContextWords = /AsyncLocalStorage|async_hooks/;

function afterFailure(known: Knowledge, served: Served, errors: readonly Message[]): Next {
  const waiting = errors.filter(({ text }) => text.startsWith('Top-level await is currently not supported'));
  const waits = waiting.length > 0;
  // One that waits at its top level cannot be loaded by a call; if it is the entry that waits, the next round says so.
  if (waits && known.late !== undefined && known.late.length > 0) {
    const blamed = new Set(waiting.map(({ location }) => taskFileOf(location?.file ?? '')));
    const late = known.late.filter((file) => !blamed.has(file));
    return { kind: 'again', known: { ...known, late: late.length < known.late.length ? late : [] } };
  }
  if (waits && known.output === 'cjs')
    return { kind: 'again', known: { ...known, output: 'esm', linking: 'together' } };

  const unparsable = new Map(known.unparsable);
  for (const error of errors) {
    const file = error.location === null ? undefined : taskFileOf(error.location.file);
    // No file to blame, or one that is not even asked for its text any more: another round would end the same way.
    if (file === undefined || known.unparsable.has(file)) throw new BundleFailedError(error.text);
    if (!unparsable.has(file)) unparsable.set(file, problemOf(file, error, served));
  }
  return { kind: 'again', known: { ...known, unparsable } };
}

function problemOf(file: string, error: Message, served: Served): SyntaxProblem {
  const noExport = /^No matching export in "(.*)" for import "(.*)"$/.exec(error.text);
  if (noExport === null) return syntaxProblem(file, error);
  const target = taskFileOf(noExport[1] ?? '');
  const specifier = served.edges.find((edge) => edge.from === file && edge.to === target)?.specifier ?? target ?? '';
  const message = `The requested module '${specifier}' does not provide an export named '${noExport[2]}'`;
  return problemAt(
    file,
    error.location?.line ?? 1,
    error.location?.column ?? 0,
    error.location?.lineText ?? '',
    message,
  );
}

/** A mistake that no program could survive: in the entry, or in what it imports by statements. All others fail when reached. */
function fatalProblem(
  entry: string,
  served: Served,
  unparsable: ReadonlyMap<string, SyntaxProblem>,
): SyntaxProblem | undefined {
  if (unparsable.size === 0) return undefined;
  const reached = new Set([entry]);
  for (const file of reached) {
    const problem = unparsable.get(file);
    if (problem !== undefined) return problem;
    for (const edge of served.edges) if (edge.from === file && edge.isStatic) reached.add(edge.to);
  }
  return undefined;
}

/** Module syntax where package.json and runtime say CommonJS: V8 stumbles over its first statement. */
function misplacedSyntax(file: string, text: string): SyntaxProblem {
  const lines = text.split('\n');
  const line = lines.findIndex((each) => /^\s*(?:import|export)\b(?!\s*\()/.test(each));
  const lineText = lines[line] ?? lines[0] ?? '';
  const column = lineText.search(/\S/);
  return problemAt(file, Math.max(line, 0) + 1, Math.max(column, 0), lineText, misplacedText(lineText, text));
}

function misplacedText(lineText: string, text: string): string {
  if (/^\s*export\b/.test(lineText)) return "Unexpected token 'export'";
  if (/^\s*import\b/.test(lineText)) return 'Cannot use import statement outside a module';
  return /\bimport\s*\.\s*meta\b/.test(text) ? "Cannot use 'import.meta' outside a module" : awaitOutsideAsync();
}

async function build(request: BundleRequest, known: Knowledge, served: Served): Promise<Built> {
  const plan: TaskPlan = {
    ...known,
    entry: request.entry,
    runtime: request.runtime,
    start: startModule(request.entry, known),
    guard: createGuard(request.signal),
  };
  // esbuild's own 'cjs' reserves the name `exports` and renames it in every module, which stack traces would show.
  const format: ModuleSystem | 'iife' = plan.start === undefined || known.output === 'esm' ? known.output : 'iife';
  const supported = {
    ...buildOptions.supported,
    ...(known.asyncFunctions === 'lowered' && { 'async-await': false, 'async-generator': false, 'for-await': false }),
  };
  const options = { ...buildOptions, supported, format, plugins: [taskPlugin(request.reader, plan, served)] };
  const esbuild = await context(options);
  const cancel = (): void => void esbuild.cancel();
  request.signal?.addEventListener('abort', cancel, { once: true });
  try {
    request.signal?.throwIfAborted();
    const { outputFiles, metafile } = await servedByEsbuild(() => esbuild.rebuild());
    const written = outputFiles.find((file) => file.path.endsWith('.js'))?.text;
    const map = outputFiles.find((file) => file.path.endsWith('.map'))?.text;
    if (written === undefined || map === undefined) throw new BundleFailedError('esbuild wrote no bundle');
    const misplaced = misplacedModules(metafile.inputs, served);
    const named = served.mayNameFunctions ? written : withoutIdleNames(written);
    const code = withModulesCompiled(named, new Set(Object.keys(metafile.inputs)));
    return { kind: 'built', code, map, misplaced, builtins: builtinsOf(metafile.outputs) };
  } catch (error) {
    request.signal?.throwIfAborted();
    const errors = messagesOf(error);
    if (errors === undefined) throw error;
    return { kind: 'failed', errors };
  } finally {
    request.signal?.removeEventListener('abort', cancel);
    await esbuild.dispose();
  }
}

const buildOptions = {
  ...transformOptions,
  entryPoints: [startName],
  bundle: true,
  write: false,
  metafile: true,
  outfile: '/bundle.js',
  absWorkingDir: '/',
  sourcemap: 'external',
  sourcesContent: false,
  keepNames: true,
  jsx: 'automatic',
  logLimit: 0,
} as const satisfies BuildOptions;

/**
 * What a bundle begins with: it hands the entry's exports out. The entry itself may begin only where all are ES modules;
 * esbuild would make the `'use strict'` of a CommonJS entry that of every module.
 */
function startModule(entry: string, known: Knowledge): string | undefined {
  const file = JSON.stringify(entry);
  if (known.late !== undefined && known.late.length > 0 && known.output === 'cjs') {
    const late = known.late.map((path) => JSON.stringify(path)).map((path) => `${path}:()=>require(${path})`);
    return `${offerModulesName}({__proto__:null,${late}});${outerModuleName}.exports=require(${file});`;
  }
  if (known.output === 'cjs' && known.entrySystem === 'esm' && known.linking === 'together') return undefined;
  return known.output === 'esm' && known.entrySystem === 'esm'
    ? `import * as namespace from ${file};${fillExportsName}(namespace);`
    : `${outerModuleName}.exports=require(${file});`;
}

/** What the bundle leaves to `require`, as far as it is Node's and offered here. */
function builtinsOf(outputs: Readonly<Record<string, { imports: { path: string; external?: boolean }[] }>>): string[] {
  const paths = Object.values(outputs).flatMap(({ imports }) => imports.filter(({ external }) => external === true));
  const names = new Set(paths.map(({ path }) => path.replace(/^node:/, '')));
  return offeredModules.filter((name) => names.has(name));
}

function misplacedModules(inputs: Readonly<Record<string, { format?: string }>>, served: Served): string[] {
  return Object.entries(inputs).flatMap(([path, { format }]) => {
    const file = taskFileOf(path);
    return file !== undefined && format === 'esm' && served.systems.get(file) === 'cjs' ? [file] : [];
  });
}

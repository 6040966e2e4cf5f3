/**
 * What esbuild sees instead of a disk: the files of one package. Every import is resolved by our own resolution and every
 * text comes from the package, so esbuild opens nothing. It also notes what it served, for the decisions in `bundle.ts`.
 */
import { createHash } from 'node:crypto';
import type { RuntimeIdentifier } from '../model/runtime-identifier.ts';
import { programmingModel } from '../model/runtime-identifier.ts';
import { fromFolderFunction, sameFunction } from './computed-imports.ts';
import type { Message, OnLoadResult, PartialMessage, Plugin } from './esbuild.ts';
import type { Guard } from './guard-thread.ts';
import { isTypeScript, moduleKind } from './module-kind.ts';
import { hasModuleSyntax, nestsTooDeep } from './module-syntax.ts';
import { moduleText, pathEnd } from './module-text.ts';
import type { PackageReader } from './package-reader.ts';
import { mayNameFunctions } from './parsed-once.ts';
import { type Resolution, resolveModule } from './resolve-module.ts';
import { type SyntaxProblem, sourceLines } from './syntax-problem.ts';

/** Name of the module that a bundle begins with. */
export const startName = 'start';
export type ModuleSystem = 'cjs' | 'esm';

export interface TaskPlan {
  readonly entry: string;
  readonly runtime: RuntimeIdentifier;
  readonly linking: 'together' | 'one-by-one';
  readonly output: ModuleSystem;
  /** Text of the module that the bundle begins with; absent when it is the entry itself. */
  readonly start: string | undefined;
  /** Files that cannot be parsed: loading one fails when it is reached, as it would on Lambda. */
  readonly unparsable: ReadonlyMap<string, SyntaxProblem>;
  readonly guard: Guard;
}

export interface ImportEdge {
  readonly from: string;
  readonly to: string;
  readonly specifier: string;
  readonly isStatic: boolean;
}

/** What one bundling run was asked for. */
export class Served {
  /** Modules with code of their own. */
  readonly systems = new Map<string, ModuleSystem>();
  readonly edges: ImportEdge[] = [];
  /** A file of the author, not of a package, names modules in a way that only running it tells. */
  hasComputedNames = false;
  /** See `mayNameFunctions`. */
  mayNameFunctions = false;
}

export function taskPlugin(reader: PackageReader, plan: TaskPlan, served: Served): Plugin {
  const package_ = new PackageModules(reader, plan);
  return {
    name: 'task',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async ({ path, importer, namespace, kind }) => {
        if (kind === 'entry-point') {
          return plan.start === undefined ? taskPath(plan.entry) : { path: startName, namespace: 'isotherm' };
        }
        // Our own modules name files by their path.
        if (namespace !== 'task') return path.startsWith('/') ? taskPath(path) : { path, external: true };
        const from = withoutEnd(importer);
        const via = await package_.via(from, kind);
        const resolution = package_.resolve(path, from, via);
        if (resolution.kind === 'file') {
          if (kind === 'require-resolve') return { path: resolution.path, external: true };
          served.edges.push({ from, to: resolution.path, specifier: path, isStatic: kind === 'import-statement' });
          const isWrapped = via === 'import' && (await package_.needsNamespace(from, resolution.path));
          return isWrapped ? { path: resolution.path, namespace: 'namespace' } : taskPath(resolution.path);
        }
        if (kind === 'require-resolve') return { path, external: true };
        return package_.unresolved(resolution);
      });
      build.onLoad({ filter: /.*/, namespace: 'isotherm' }, () => ({ contents: plan.start ?? '', loader: 'js' }));
      build.onLoad({ filter: /.*/, namespace: 'task' }, ({ path }) => package_.load(withoutEnd(path), served));
      build.onLoad({ filter: /.*/, namespace: 'namespace' }, ({ path }) => ({
        contents: namespaceOf(path),
        loader: 'js',
      }));
      build.onLoad({ filter: /.*/, namespace: 'at-run-time' }, ({ path }) => ({
        contents: `module.exports=require(${JSON.stringify(path)});`,
        loader: 'js',
      }));
      build.onLoad({ filter: /.*/, namespace: 'missing' }, ({ path }) => package_.loadMissing(path));
      // Never reached while every import goes through onResolve; if esbuild finds a way round it, no file of the host is read.
      build.onLoad({ filter: /.*/ }, ({ path }) => ({ errors: [{ text: `${path} is outside the package` }] }));
    },
  };
}

const namesComputed = new RegExp(`${fromFolderFunction}|${sameFunction}`);

/** V8's words for it. */
const tooDeep = 'Maximum call stack size exceeded';

/** Undefined for what is no script. */
export async function moduleSystem(
  reader: PackageReader,
  file: string,
  runtime: RuntimeIdentifier,
): Promise<ModuleSystem | undefined> {
  const kind = moduleKind(file, reader.files, runtime);
  if (kind.kind !== 'script') return undefined;
  if (kind.system !== 'by-syntax') return kind.system;
  return (await hasModuleSyntax(await reader.text(file), kind.language)) ? 'esm' : 'cjs';
}

/** The path that a module of the package has in esbuild's messages and source maps, back to its path in `/var/task`. */
export function taskFileOf(path: string): string | undefined {
  return path.endsWith(pathEnd) ? withoutEnd(path.startsWith('task:') ? path.slice('task:'.length) : path) : undefined;
}

class PackageModules {
  readonly #reader: PackageReader;
  readonly #plan: TaskPlan;
  readonly #texts = new Map<string, Promise<string>>();
  readonly #systems = new Map<string, Promise<ModuleSystem | undefined>>();
  readonly #missing = new Map<string, { readonly code: string; readonly message: string }>();

  constructor(reader: PackageReader, plan: TaskPlan) {
    this.#reader = reader;
    this.#plan = plan;
  }

  resolve(specifier: string, from: string, via: 'import' | 'require'): Resolution {
    const { entry, runtime } = this.#plan;
    const requiresEsModules = programmingModel(runtime) === 'promise';
    return resolveModule(this.#reader.files, { specifier, from, via, entry, requiresEsModules });
  }

  /** Once ES modules are converted, esbuild sees a require where the author wrote import. */
  async via(from: string, kind: string): Promise<'import' | 'require'> {
    if (kind !== 'require-call' && kind !== 'require-resolve') return 'import';
    const isConverted = this.#plan.linking === 'one-by-one' && (await this.#system(from)) === 'esm';
    return isConverted ? 'import' : 'require';
  }

  /**
   * Node gives an importing module the whole `module.exports` as default export; esbuild takes a compiler's `__esModule` mark
   * into account. TypeScript's own output does that too, so only JavaScript gets Node's way.
   */
  async needsNamespace(from: string, to: string): Promise<boolean> {
    if (isTypeScript(from) && !from.endsWith('.mts')) return false;
    return (await this.#system(to)) === 'cjs' && (await this.#text(to)).includes('__esModule');
  }

  unresolved(resolution: Exclude<Resolution, { kind: 'file' }>): {
    path: string;
    namespace?: string;
    external?: boolean;
  } {
    switch (resolution.kind) {
      case 'builtin':
      case 'at-run-time':
        // An import statement that stays would make the bundle a module, and it is to be a script.
        return this.#plan.output === 'esm'
          ? { path: resolution.specifier, namespace: 'at-run-time' }
          : { path: resolution.specifier, external: true };
      case 'missing': {
        const { code, message } = resolution;
        return this.#noteMissing(code, message);
      }
      default:
        return resolution satisfies never;
    }
  }

  loadMissing(id: string): OnLoadResult {
    const { code, message } = this.#missing.get(id) ?? { code: 'MODULE_NOT_FOUND', message: id };
    return {
      contents: `throw Object.assign(new Error(${JSON.stringify(message)}),{code:${JSON.stringify(code)}});`,
      loader: 'js',
    };
  }

  async load(file: string, served: Served): Promise<OnLoadResult> {
    const problem = this.#plan.unparsable.get(file);
    if (problem !== undefined) return { contents: throwing(problem), loader: 'js' };
    if (nestsTooDeep(await this.#text(file))) return { errors: located(file, new RangeError(tooDeep)) };
    const kind = moduleKind(file, this.#reader.files, this.#plan.runtime);
    switch (kind.kind) {
      case 'json':
        return { contents: (await this.#text(file)).replace(/^\uFEFF/, ''), loader: 'json' };
      case 'addon': {
        const message = `${file}: compiled addons cannot be loaded`;
        return {
          contents: `throw Object.assign(new Error(${JSON.stringify(message)}),{code:"ERR_DLOPEN_FAILED"});`,
          loader: 'js',
        };
      }
      case 'script': {
        const { entry, runtime, linking, guard } = this.#plan;
        const system = (await this.#system(file)) ?? 'cjs';
        served.systems.set(file, system);
        const text = await this.#text(file);
        if (mayNameFunctions(text)) served.mayNameFunctions = true;
        try {
          const source = { file, text, language: kind.language, system, runtime, entry };
          const module = await moduleText(source, linking, guard);
          if (namesComputed.test(module.contents) && !file.includes('/node_modules/')) served.hasComputedNames = true;
          return module;
        } catch (error) {
          return { errors: located(file, error) };
        }
      }
      default:
        return kind satisfies never;
    }
  }

  #system(file: string): Promise<ModuleSystem | undefined> {
    return remembered(this.#systems, file, () => moduleSystem(this.#reader, file, this.#plan.runtime));
  }

  #text(file: string): Promise<string> {
    return remembered(this.#texts, file, () => this.#reader.text(file));
  }

  #noteMissing(code: string, message: string): { path: string; namespace: string } {
    // Named by what it says, not by when it was met: the same package always gives the same bundle.
    const id = createHash('sha256').update(`${code} ${message}`).digest('hex').slice(0, 12);
    this.#missing.set(id, { code, message });
    return { path: id, namespace: 'missing' };
  }
}

/** A mistake in a file's text, told so that it is known which file's: by esbuild when it prints, by acorn when it looks for imports. */
function located(file: string, error: unknown): PartialMessage[] {
  // esbuild puts the namespace in front.
  const place = { file: `${file}${pathEnd}`, namespace: 'task' };
  if (error instanceof SyntaxError || error instanceof RangeError) return [{ text: error.message, location: place }];
  const messages = messagesOf(error);
  if (messages === undefined) throw error;
  return messages.map(({ text, location }) => ({ text, location: { ...location, ...place } }));
}

/** esbuild rejects with a BuildFailure: an Error that carries its messages. */
export function messagesOf(error: unknown): readonly Message[] | undefined {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return undefined;
  const errors = error.errors as readonly Message[];
  return errors.length > 0 ? errors : undefined;
}

function taskPath(file: string): { path: string; namespace: string } {
  return { path: `${file}${pathEnd}`, namespace: 'task' };
}

function withoutEnd(path: string): string {
  return path.endsWith(pathEnd) ? path.slice(0, -pathEnd.length) : path;
}

function throwing(problem: SyntaxProblem): string {
  const stack = [...sourceLines(problem), '', `SyntaxError: ${problem.message}`].join('\n');
  return `throw Object.assign(new SyntaxError(${JSON.stringify(problem.message)}),{stack:${JSON.stringify(stack)}});`;
}

/** A CommonJS module as Node shows it to an importing one; the mark keeps esbuild from adding a default of its own. */
function namespaceOf(file: string): string {
  return `const value=require(${JSON.stringify(file)});
Object.defineProperty(exports,"__esModule",{value:true});
Object.defineProperty(exports,"default",{value,enumerable:true});
if(value!==null&&(typeof value==="object"||typeof value==="function"))for(const key of Object.getOwnPropertyNames(value))
if(key!=="default"&&key!=="__esModule")Object.defineProperty(exports,key,{get:()=>value[key],enumerable:true});`;
}

function remembered<Value>(
  memory: Map<string, Promise<Value>>,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  memory.set(key, made);
  return made;
}

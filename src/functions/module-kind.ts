/**
 * How a file of a package is to be read: language by its extension, module system by extension and package.json
 * (LAMBDA.md A2.4 to A2.6; Node's own rules for what is imported from there). Decides only.
 */
import { programmingModel, type RuntimeIdentifier } from '../model/runtime-identifier.ts';
import type { Language } from './module-syntax.ts';
import type { TaskFiles } from './task-files.ts';

export type ModuleKind =
  /** `by-syntax`: an ES module if its text can be nothing else. */
  | { readonly kind: 'script'; readonly system: 'cjs' | 'esm' | 'by-syntax'; readonly language: Language }
  | { readonly kind: 'json' }
  /** A compiled addon: loading it always fails. */
  | { readonly kind: 'addon' };

export function moduleKind(file: string, files: TaskFiles, runtime: RuntimeIdentifier): ModuleKind {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  const extension = dot < 1 ? '' : name.slice(dot);
  switch (extension) {
    case '.json':
      return { kind: 'json' };
    case '.node':
      return { kind: 'addon' };
    case '.mjs':
      return { kind: 'script', system: 'esm', language: 'js' };
    case '.cjs':
      return { kind: 'script', system: 'cjs', language: 'js' };
    case '.mts':
      return { kind: 'script', system: 'esm', language: 'ts' };
    case '.cts':
      return { kind: 'script', system: 'cjs', language: 'ts' };
    // Lambda knows none of these. What an author means by them, their own text says best.
    case '.ts':
      return { kind: 'script', system: 'by-syntax', language: 'ts' };
    case '.tsx':
      return { kind: 'script', system: 'by-syntax', language: 'tsx' };
    case '.jsx':
      return { kind: 'script', system: 'by-syntax', language: 'jsx' };
    case '.js':
      return { kind: 'script', system: systemOf(files.scope(file)?.packageJson.type, runtime), language: 'js' };
    default:
      return { kind: 'script', system: extensionless(file, files, runtime), language: 'js' };
  }
}

export function isTypeScript(file: string): boolean {
  return /\.[cm]?tsx?$/.test(file);
}

function systemOf(type: 'module' | 'commonjs' | undefined, runtime: RuntimeIdentifier): 'cjs' | 'esm' | 'by-syntax' {
  if (type === 'module') return 'esm';
  // Up to Node 22 Lambda switches the detection of module syntax off (F1.6).
  return type === undefined && programmingModel(runtime) === 'promise' ? 'by-syntax' : 'cjs';
}

/** Node 24's Lambda imports the file, which asks package.json; before, it was required, which never does (A2.6, A2.12). */
function extensionless(file: string, files: TaskFiles, runtime: RuntimeIdentifier): 'cjs' | 'esm' | 'by-syntax' {
  return programmingModel(runtime) === 'promise' ? systemOf(files.scope(file)?.packageJson.type, runtime) : 'cjs';
}

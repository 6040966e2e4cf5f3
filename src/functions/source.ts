/**
 * One text as a code package of one file. The name is the client's, or `index` with the extension that the text calls for:
 * so a module handed over as text works on every runtime, in either module syntax.
 */
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { hasModuleSyntax, parses } from './module-syntax.ts';
import type { PackageEntries } from './package-entry.ts';
import { packagePath } from './package-path.ts';

export interface SourceFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** @throws EngineError InvalidParameterValueException */
export async function sourceFile(source: string, name: string | undefined): Promise<SourceFile> {
  const content = new TextEncoder().encode(source);
  if (content.byteLength > limits.sourceBytesMax) {
    throw new EngineError(
      'InvalidParameterValueException',
      `code.source must be at most ${limits.sourceBytesMax} bytes, received ${content.byteLength}; deploy a directory or a zip instead`,
      { limit: { name: 'sourceBytesMax', value: limits.sourceBytesMax, asked: content.byteLength } },
    );
  }
  if (name === undefined) return { path: await nameFor(source), content };
  const checked = packagePath(name);
  if (checked.kind === 'path') return { path: checked.path, content };
  throw new EngineError(
    'InvalidParameterValueException',
    `code.sourceFile must be a relative file name; ${JSON.stringify(name)} ${checked.reason}`,
  );
}

export async function* sourceEntries(file: SourceFile): PackageEntries {
  yield { path: file.path, mode: 0o644, content: once(file.content) };
}

async function nameFor(source: string): Promise<string> {
  // Text that is neither is JavaScript with a mistake in it, and is to be reported as such.
  if (!(await parses(source, 'js')) && (await parses(source, 'ts'))) return 'index.ts';
  return (await hasModuleSyntax(source, 'js')) ? 'index.mjs' : 'index.js';
}

async function* once(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content;
}

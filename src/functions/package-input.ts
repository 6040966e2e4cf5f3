/** From the code a client hands over to entries of a package: which of the three forms it is, and that it is exactly one. */
import { EngineError } from '../model/errors.ts';
import type { CodeStore } from './code-store.ts';
import { directoryEntries } from './directory.ts';
import type { CodePack } from './prepared-code.ts';
import type { CodeInput } from './registry.ts';
import { sourceEntries, sourceFile } from './source.ts';
import { checkZippedSize, zipAt, zipEntries } from './zip.ts';

type CodeForm =
  | { readonly kind: 'source'; readonly source: string; readonly name: string | undefined }
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'zip'; readonly zip: Uint8Array | string };

/** @throws EngineError InvalidParameterValueException, RequestEntityTooLargeException */
export async function packCode(store: CodeStore, code: CodeInput): Promise<CodePack> {
  const form = codeForm(code);
  switch (form.kind) {
    case 'source':
      return await store.write(sourceEntries(await sourceFile(form.source, form.name)));
    case 'directory':
      return await store.write(directoryEntries(form.directory));
    case 'zip': {
      const bytes = typeof form.zip === 'string' ? await zipAt(form.zip, 'code.zipFile') : form.zip;
      checkZippedSize(bytes.byteLength);
      return await store.write(zipEntries(bytes), { bytes });
    }
    default:
      return form satisfies never;
  }
}

/** The handler of code that is one named file, when the client names none: Lambda's `index.handler`, with that file's name. */
export function handlerDefault(code: CodeInput): string {
  const name = code.source === undefined || typeof code.sourceFile !== 'string' ? 'index' : code.sourceFile;
  return `${name.replace(/\.[^./]*$/, '')}.handler`;
}

function codeForm(code: CodeInput): CodeForm {
  if (typeof code !== 'object' || code === null) throw wrongForm(`received ${typeof code}`);
  const { source, sourceFile: name, directory, zipFile } = code;
  const given = Object.entries({ source, directory, zipFile }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    throw wrongForm(`received ${given.length === 0 ? 'none of them' : given.map(([key]) => key).join(' and ')}`);
  }
  if (typeof source === 'string') return { kind: 'source', source, name };
  if (typeof directory === 'string') return { kind: 'directory', directory };
  if (typeof zipFile === 'string' || zipFile instanceof Uint8Array) return { kind: 'zip', zip: zipFile };
  throw wrongForm(`received ${given.map(([key, value]) => `${key} as ${typeof value}`).join()}`);
}

function wrongForm(received: string): EngineError {
  return new EngineError(
    'InvalidParameterValueException',
    `code must have exactly one of source (text), directory (path) and zipFile (bytes or path); ${received}`,
  );
}

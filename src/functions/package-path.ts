/**
 * Names of files inside a code package. Every name, wherever it comes from, passes here before it becomes a PackedFile's path:
 * relative to `/var/task`, POSIX separators, normalised, never leaving it. Decides only.
 */
import { limits } from '../model/limits.ts';

export type PackagePath =
  | { readonly kind: 'path'; readonly path: string }
  /** Why no package may carry this name; completes "the name '…' ". */
  | { readonly kind: 'refused'; readonly reason: string };

export function packagePath(name: string): PackagePath {
  const reason = refusal(name);
  if (reason !== undefined) return { kind: 'refused', reason };
  const segments = name.split('/').filter((segment) => segment !== '.');
  if (segments.length === 0) return { kind: 'refused', reason: 'is empty' };
  if (segments.length > limits.packagePathDepthMax) {
    return { kind: 'refused', reason: `is deeper than ${limits.packagePathDepthMax} folders` };
  }
  return { kind: 'path', path: segments.join('/') };
}

function refusal(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (Buffer.byteLength(name) > limits.packagePathLengthMax)
    return `is longer than ${limits.packagePathLengthMax} bytes`;
  if (name.includes('\0')) return 'contains a NUL character';
  if (name.includes('\\')) return 'contains a backslash';
  if (name.startsWith('/') || /^[a-zA-Z]:/.test(name)) return 'is absolute';
  const segments = name.split('/');
  if (segments.includes('..')) return "contains '..'";
  if (segments.includes('')) return 'has an empty part';
  return undefined;
}

/** Finds names that cannot live beside each other: the same name twice, or one that is a file here and a folder there. */
export class PackageNames {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  /** Why the path clashes with what was added before, or undefined. */
  add(path: string): string | undefined {
    if (this.#files.has(path)) return 'occurs twice';
    if (this.#folders.has(path)) return 'is a file and a folder';
    this.#files.add(path);
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (this.#files.has(folder)) return 'lies below a file';
      if (this.#folders.has(folder)) break;
      this.#folders.add(folder);
    }
    return undefined;
  }
}

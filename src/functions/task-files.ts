/**
 * `/var/task` as module resolution sees it: which paths are files, which are folders, and what each package.json says.
 * Paths are absolute and normalised. Contents are not here; resolution decides by names.
 */
import { type PackageJson, parsePackageJson } from './package-json.ts';

export const taskRoot = '/var/task';

export class TaskFiles {
  readonly #files: ReadonlySet<string>;
  readonly #folders = new Set<string>([taskRoot]);
  /** By folder. Read when first asked for: each takes the event loop as long as its client likes, and most are never asked for. */
  readonly #packageJsonTexts = new Map<string, string>();
  readonly #packageJsons = new Map<string, PackageJson | undefined>();

  /** `packageJsonTexts`: path in the package to text, for every file named package.json. */
  constructor(paths: Iterable<string>, packageJsonTexts: ReadonlyMap<string, string>) {
    const files = new Set<string>();
    for (const path of paths) {
      const file = `${taskRoot}/${path}`;
      files.add(file);
      for (let end = file.lastIndexOf('/'); end > taskRoot.length; end = file.lastIndexOf('/', end - 1)) {
        const folder = file.slice(0, end);
        if (this.#folders.has(folder)) break;
        this.#folders.add(folder);
      }
    }
    this.#files = files;
    for (const [path, text] of packageJsonTexts) this.#packageJsonTexts.set(folderOf(`${taskRoot}/${path}`), text);
  }

  /** Of the author: not those of packages. */
  *ownFiles(): Generator<string> {
    for (const file of this.#files) if (!file.includes('/node_modules/')) yield file;
  }

  isFile(path: string): boolean {
    return this.#files.has(path);
  }

  isFolder(path: string): boolean {
    return this.#folders.has(path);
  }

  /** Of the folder itself; undefined when there is none, or none that can be read. */
  packageJson(folder: string): PackageJson | undefined {
    const text = this.#packageJsonTexts.get(folder);
    if (text !== undefined) {
      this.#packageJsonTexts.delete(folder);
      this.#packageJsons.set(folder, parsePackageJson(text));
    }
    return this.#packageJsons.get(folder);
  }

  /** The package.json that governs a file: the nearest one upwards, not beyond a node_modules folder (LAMBDA.md A2.5). */
  scope(file: string): { readonly folder: string; readonly packageJson: PackageJson } | undefined {
    for (
      let folder = folderOf(file);
      isWithinTask(folder) && !folder.endsWith('/node_modules');
      folder = folderOf(folder)
    ) {
      const packageJson = this.packageJson(folder);
      if (packageJson !== undefined) return { folder, packageJson };
    }
    return undefined;
  }
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

export function isWithinTask(path: string): boolean {
  return path === taskRoot || path.startsWith(`${taskRoot}/`);
}

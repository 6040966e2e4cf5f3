/** Files of this installation by what they are, for the names of what is made of them. */
import type { Hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** All below a folder, in the same order everywhere. */
export function filesIn(folder: string, isWanted: (name: string) => boolean = () => true): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isWanted(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** With their names below `root`, so that it means the same wherever the installation lies. */
export function hashFiles(hash: Hash, root: string, paths: readonly string[]): void {
  for (const path of paths) hash.update(relative(root, path).split(sep).join('/')).update(readFileSync(path));
}

/** Finds a compiler on this machine, and tells what a compiled file is by its bytes. */
import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first of these names in the first folder that has it executable. */
export function findCompiler(names: readonly string[], searchPath: string): string | undefined {
  const candidates = names.flatMap((name) =>
    searchPath.split(delimiter).flatMap((folder) => (folder.startsWith('/') ? [join(folder, name)] : [])),
  );
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not for us, which is the answer.
    return false;
  }
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

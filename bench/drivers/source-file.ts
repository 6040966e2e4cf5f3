/** Where a function's source lies for peers that load files, each in a directory of its own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function writeSource(directory: string, source: string): { readonly path: string; readonly directory: string } {
  const own = mkdtempSync(join(directory, 'function-'));
  const path = join(own, 'handler.cjs');
  writeFileSync(path, source);
  return { path, directory: own };
}

/** Which isolated-vm is installed, from its package: the host never loads it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** @throws when it is not installed */
export function isolatedVmVersion(): string {
  const path = createRequire(import.meta.url).resolve('isolated-vm/package.json');
  const isolatedVm: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof isolatedVm === 'object' && isolatedVm !== null && 'version' in isolatedVm
    ? String(isolatedVm.version)
    : 'unknown';
}

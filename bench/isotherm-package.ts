/** The package that the benchmark belongs to: one directory up in the repository, two where it is published, as `dist/bench`. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const isPublished = !existsSync(new URL('../bin/isotherm.js', import.meta.url));

const root = new URL(isPublished ? '../../' : '../', import.meta.url);

export const isothermCommand = fileURLToPath(new URL('bin/isotherm.js', root));

export const isothermVersion = String(JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).version);

/** Positions in the bundle as places in the user's sources, as the host maps them. */
import { scriptNames } from '../../src/bridge/script-names.ts';
import type { CoreContext } from './context.ts';

/** `file:line:column`; undefined when the script is not the bundle. */
export function bundlePlace(context: CoreContext, script: string, line: number, column: number): string | undefined {
  if (script !== scriptNames.bundle) return undefined;
  const { entry } = context.settings;
  const mapped = context.host.mapPosition(line, column);
  return mapped !== '' ? mapped : `${entry.kind === 'bundle' ? entry.file : ''}:${line}:${column}`;
}

/** What the host does on a connection for which it has credentials. */
import { RefusedError, type Relay } from './connection.ts';
import type { ConnectVerdict } from './policy.ts';

export function openRelay(verdict: ConnectVerdict & { kind: 'allowed' }, _port: number): Relay | undefined {
  if (verdict.credentials.length === 0) return undefined;
  throw new RefusedError('credentials are not offered yet');
}

/** libuv's error numbers, as the node binary has them. */
import type { CoreContext } from '../../context.ts';

type Code =
  | 'EACCES'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'EALREADY'
  | 'EBADF'
  | 'ECANCELED'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EINVAL'
  | 'EISCONN'
  | 'ENAMETOOLONG'
  | 'ENOENT'
  | 'ENOTCONN'
  | 'EOF'
  | 'EPIPE'
  | 'UNKNOWN';

type Uv = Readonly<Record<`UV_${Code}`, number>>;

/** Set before any of these files runs. */
export let uv: Uv;

export function useErrnos(context: CoreContext): void {
  uv = context.library.internalBinding('uv') as Uv;
}

/** The number of a code like `ECONNREFUSED`. */
export function errnoOf(code: string): number {
  return (uv as Readonly<Record<string, number | undefined>>)[`UV_${code}`] ?? uv.UV_UNKNOWN;
}

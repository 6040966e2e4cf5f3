/** Headers that concern one connection (RFC 9110, 7.6.1): they are between a client and us, or would be between a function and nobody. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** `name` in lower case. */
export function isHopByHop(name: string): boolean {
  return hopByHop.has(name);
}

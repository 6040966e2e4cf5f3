/** Node's `tls` and what it hashes with, loaded when a guest first asks for TLS: they would take milliseconds of each start. */
export function nodeTls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls');
}

export function nodeCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}

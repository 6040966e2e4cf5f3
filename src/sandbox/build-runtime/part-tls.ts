/**
 * Node's `tls` loads all of `crypto` for three small things, and most functions that speak HTTPS need nothing else of it. Here it
 * takes them when it comes to them, and what is native from a binding of its own.
 */
export function partTlsFromCrypto(id: string, text: string): string {
  const own = text.replaceAll("internalBinding('crypto')", "internalBinding('secure_context')");
  switch (id) {
    case 'internal/tls/wrap':
      return changed(id, own, [
        ["const crypto = require('crypto');\n", ''],
        ['crypto.createHash(', "require('crypto').createHash("],
        // What a stream of JavaScript gave before it closed is still being decrypted when it tells so.
        ["wrap.on('close', () => this.destroy());", "wrap.on('close', () => res.afterWhatCame(() => this.destroy()));"],
        ["const {\n  InternalX509Certificate,\n} = require('internal/crypto/x509');\n", ''],
        ['new InternalX509Certificate(', "new (require('internal/crypto/x509').InternalX509Certificate)("],
      ]);
    case 'internal/tls/secure-context':
      return changed(id, own, [
        ["const {\n  toBuf,\n} = require('internal/crypto/util');\n", ''],
        ['toBuf(', "require('internal/crypto/util').toBuf("],
      ]);
    default:
      return own;
  }
}

function changed(id: string, text: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((result, [from, to]) => {
    if (!result.includes(from))
      throw new Error(`this node's ${id} has no ${JSON.stringify(from)} where one is expected`);
    return result.replaceAll(from, to);
  }, text);
}

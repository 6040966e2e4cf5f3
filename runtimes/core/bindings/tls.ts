/**
 * The bindings under lib/tls.js, which runs unchanged on them: `tls_wrap`, `js_stream`, and as `secure_context` what it takes from
 * `internalBinding('crypto')`. The service `tls` of the sandbox does what OpenSSL does in Node.
 */
import { tlsOperations } from '../../../src/bridge/tls.ts';
import type { CoreContext } from '../context.ts';
import type { NetParts } from './net.ts';
import { answered } from './tls/error.ts';
import { createJSStream } from './tls/js-stream.ts';
import { createSecureContextClass } from './tls/secure-context.ts';
import { createTlsWrap } from './tls/tls-wrap.ts';
import { createTrustStore } from './tls/trust-store.ts';

const { StringPrototypeSplit } = primordials;

export function createBindings(context: CoreContext): Record<string, object> {
  const { library, services } = context;
  const parts = library.internalBinding('net_parts') as unknown as NetParts;
  const uv = library.internalBinding('uv') as Readonly<Record<string, number>>;
  const trust = createTrustStore(context);
  const SecureContext = createSecureContextClass(context, () => trust.current());
  return {
    get tls_wrap() {
      return { ...createTlsWrap(context, parts, SecureContext), HAVE_SSL_TRACE: false };
    },
    get js_stream() {
      return { JSStream: createJSStream(parts, uv.UV_EOF ?? 0) };
    },
    secure_context: {
      SecureContext,
      getSSLCiphers: () => StringPrototypeSplit(`${answered(services.ask('tls', tlsOperations.ciphers))}`, ':'),
      getBundledRootCertificates: () => trust.bundled(),
      getSystemCACertificates: () => [],
      getExtraCACertificates: () => trust.current().extra,
      getUserRootCertificates: () => trust.current().own,
      resetRootCertStore: (certificates: readonly (string | ArrayBufferView)[]) => trust.reset(certificates),
      startLoadingCertificatesOffThread: () => {},
      getCertificateCompressionAlgorithms: () => [],
    },
  };
}

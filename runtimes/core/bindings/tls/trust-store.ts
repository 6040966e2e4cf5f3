/**
 * Which authorities a guest trusts by default: those of Node, with what NODE_EXTRA_CA_CERTS of the function names, or those that
 * it set itself.
 */
import { tlsOperations } from '../../../../src/bridge/tls.ts';
import type { CoreContext } from '../../context.ts';
import { answered } from './error.ts';
import type { Trust } from './secure-context.ts';

const { ArrayPrototypePush, RegExp, RegExpPrototypeExec, StringPrototypeSlice, StringPrototypeSplit } = primordials;

const certificateEnd = '-----END CERTIFICATE-----';

export interface TrustStore {
  current(): Trust;
  bundled(): string[];
  reset(certificates: readonly (string | ArrayBufferView)[]): void;
}

export function createTrustStore(context: CoreContext): TrustStore {
  const { library, services, process } = context;
  let own: string[] | undefined;
  let extra: string[] | undefined;

  const readExtra = (): string[] => {
    // As Node: what the environment was at the start.
    const file = context.settings.environment.NODE_EXTRA_CA_CERTS;
    if (file === undefined || file === '') return [];
    const { readFileSync } = library.require<{ readFileSync(file: string, encoding: string): string }>('fs');
    try {
      const certificates = certificatesIn(readFileSync(file, 'latin1'));
      answered(services.ask('tls', tlsOperations.check, JSONText({ ca: certificates })));
      return certificates;
    } catch (error) {
      const { emitWarning } = process as unknown as { emitWarning(text: string): void };
      emitWarning(`Ignoring extra certs from \`${file}\`, load failed: ${(error as Error).message}`);
      return [];
    }
  };

  return {
    current() {
      extra ??= readExtra();
      return { own, extra };
    },
    bundled() {
      const text = `${answered(services.ask('tls', tlsOperations.rootCertificates))}`;
      return certificatesIn(text);
    },
    reset(certificates) {
      const { Buffer } = library.require<BufferModule>('buffer');
      const texts: string[] = [];
      for (let at = 0; at < certificates.length; at++) {
        const each = certificates[at];
        if (each === undefined) continue;
        const text =
          typeof each === 'string' ? each : Buffer.from(each.buffer, each.byteOffset, each.byteLength).latin1Slice();
        answered(services.ask('tls', tlsOperations.check, JSONText({ ca: [text] })));
        ArrayPrototypePush(texts, text);
      }
      own = texts;
    },
  };
}

interface BufferModule {
  readonly Buffer: { from(bytes: ArrayBufferLike, offset: number, length: number): { latin1Slice(): string } };
}

function JSONText(value: object): string {
  return primordials.JSONStringify(value) ?? '{}';
}

const begin = new RegExp('-----BEGIN CERTIFICATE-----[^]*$');

/** Each as PEM, without what stands between them. */
function certificatesIn(text: string): string[] {
  const parts = StringPrototypeSplit(text, certificateEnd);
  const certificates: string[] = [];
  for (let at = 0; at < parts.length; at++) {
    const found = RegExpPrototypeExec(begin, parts[at] ?? '');
    if (found !== null) certificates[certificates.length] = `${StringPrototypeSlice(found[0], 0)}${certificateEnd}`;
  }
  return certificates;
}

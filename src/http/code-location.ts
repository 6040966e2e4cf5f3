/**
 * Where a package can be fetched: `Code.Location` of GetFunction, `Content.Location` of GetLayerVersion. Like AWS's, such a link needs no
 * credentials. Where requests must be signed it is signed by this server and good for ten minutes, or until the server ends; on
 * loopback without signatures it is as open as everything.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { parseFunctionReference } from '../functions/function-reference.ts';
import type { FunctionRegistry } from '../functions/registry.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import type { LayerVersion } from '../model/layer-version.ts';
import { limits } from '../model/limits.ts';
import { invalid, mismatch } from './signature/signature-error.ts';

export const codeRoutePath = '/_isotherm/code/:FunctionName';
export const layerRoutePath = '/_isotherm/layers/:LayerName/:VersionNumber';

export function codePath(record: FunctionRecord): string {
  const qualifier = encodeURIComponent(record.version);
  return `/_isotherm/code/${record.configuration.functionName}?Qualifier=${qualifier}`;
}

export function layerPath({ layerName, version }: LayerVersion): string {
  return `/_isotherm/layers/${layerName}/${version}`;
}

/** @throws EngineError ResourceNotFoundException */
export function codeZip(
  functions: FunctionRegistry,
  functionName: string,
  qualifier: string | undefined,
): Promise<Uint8Array> {
  return functions.codeZip(parseFunctionReference(functionName, qualifier));
}

/** Signs links to packages and checks them. Its key is of this process: no access key is in a link. */
export class CodeLinks {
  readonly #clock: Pick<Clock, 'epochMs'>;
  readonly #key = randomBytes(32);

  constructor(clock: Pick<Clock, 'epochMs'>) {
    this.#clock = clock;
  }

  /** The path with its query, of which none of the names is ours. */
  sign(path: string): string {
    const expires = Math.ceil((this.#clock.epochMs() + limits.codeLinkMs) / 1_000);
    const signed = `${path}${path.includes('?') ? '&' : '?'}Expires=${expires}`;
    return `${signed}&Signature=${this.#signature(signed)}`;
  }

  /** @throws SignatureError */
  check(url: string): void {
    const [, signed, expires, signature] = /^(.*[?&]Expires=(\d{1,12}))&Signature=([0-9a-f]{64})$/.exec(url) ?? [];
    if (signed === undefined || signature === undefined) throw mismatch();
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(this.#signature(signed)))) throw mismatch();
    if (Number(expires) * 1_000 < this.#clock.epochMs()) throw invalid('Request has expired');
  }

  #signature(signed: string): string {
    return createHmac('sha256', this.#key).update(signed).digest('hex');
  }
}

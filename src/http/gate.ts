/**
 * Who gets past the door: on loopback without keys whoever is on this machine and is no web page (`loopback.ts`), with keys whoever
 * signs what is sent (`signature/`). Every request comes through here before anything is done for it, but for Lambda's function URLs.
 */
import type { IncomingMessage } from 'node:http';
import { EngineError } from '../model/errors.ts';
import type { CodeLinks } from './code-location.ts';
import { assertLoopback, foreignRequest } from './loopback.ts';
import type { SignatureVerifier, SignedRequest } from './signature/verifier.ts';

/**
 * `lambda` and other names of services: signed for that service. `link`: by the signature of a link that we gave. `open`: anybody, because
 * the answer says nothing.
 */
export type Access = { readonly services: readonly string[] } | 'link' | 'open';

export const lambdaAccess: Access = { services: ['lambda'] };

export interface GateOptions {
  readonly verifier: SignatureVerifier | undefined;
  readonly links: CodeLinks | undefined;
}

export class Gate {
  readonly #verifier: SignatureVerifier | undefined;
  readonly #links: CodeLinks | undefined;

  constructor({ verifier, links }: GateOptions) {
    this.#verifier = verifier;
    this.#links = links;
  }

  /** Before a server listens. @throws EngineError InvalidParameterValueException */
  assertMayListen(host: string): void {
    if (this.#verifier === undefined) assertLoopback(host);
  }

  /**
   * Before a body is read. What it returns must be given the body before it is acted on; undefined: nothing is left to check.
   * @throws EngineError AccessDeniedException
   * @throws SignatureError
   */
  open(request: IncomingMessage, access: Access): SignedRequest | undefined {
    if (this.#verifier === undefined) {
      const reason = foreignRequest(request.headers);
      if (reason !== undefined) throw new EngineError('AccessDeniedException', reason);
      return undefined;
    }
    if (access === 'open') return undefined;
    if (access !== 'link') return this.#verifier.open(request, access.services);
    this.#links?.check(request.url ?? '');
    return undefined;
  }
}

/** Errors that this service makes itself, beside those of Node. */

/** The guest's half did not keep to `bridge/crypto.ts`. Our library never does that; a hostile guest may. */
export class CryptoMistake extends Error {
  constructor(what: string) {
    super(`not an operation of the crypto service: ${what}`);
  }
}

/** What a guest asks costs more than one may. */
export class CryptoLimitExceeded extends RangeError {
  readonly code = 'ERR_CRYPTO_LIMIT_EXCEEDED';

  constructor(what: string, asked: number, name: string, max: number) {
    super(`${what}: ${asked} is more than isotherm allows, which is ${max} (${name})`);
  }
}

/** A key or stream is no longer kept. */
export class CryptoObjectGone extends Error {
  readonly code = 'ERR_CRYPTO_LIMIT_EXCEEDED';
  readonly isGone = true;

  constructor(what: string, name: string, max: number) {
    super(`${what} is gone: of those that were begun and not finished, isotherm keeps the latest ${max} (${name})`);
  }
}

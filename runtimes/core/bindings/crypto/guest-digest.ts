/** A digest that is computed in the guest. */
export interface GuestDigest {
  (message: Uint8Array, options?: { dkLen?: number }): Uint8Array;
  /** Bytes that it works on at once, which is what HMAC makes its keys as long as. */
  readonly blockLen: number;
}

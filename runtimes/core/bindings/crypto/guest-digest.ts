/** A digest that is computed in the guest. */
export type GuestDigest = (message: Uint8Array, options?: { dkLen?: number }) => Uint8Array;

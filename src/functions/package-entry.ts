/** One file on its way into a code package. Where it comes from (a zip, a directory, a text) is known to its reader only. */
export interface PackageEntry {
  /** As `packagePath` made it. */
  readonly path: string;
  /** 0o644 or 0o755. */
  readonly mode: number;
  /** Its bytes, once; the consumer reads to the end or stops for good. */
  readonly content: AsyncIterable<Uint8Array>;
}

export type PackageEntries = AsyncIterable<PackageEntry>;

/** Lambda keeps of the permission bits what matters in a read-only folder: whether a file may be executed. */
export function packedMode(mode: number): number {
  return (mode & 0o111) === 0 ? 0o644 : 0o755;
}

/** How keys are written: DER, and PEM around it, as whoever looks at a key before OpenSSL does needs to read them. */

export interface PemBlock {
  readonly label: string;
  /** Heads, perhaps, and base64. */
  readonly body: string;
}

export function pemBlocks(text: string): PemBlock[] {
  return text
    .split('-----BEGIN ')
    .slice(1)
    .map((block) => {
      const end = block.indexOf('-----');
      return { label: block.slice(0, end).trim(), body: block.slice(end + 5).split('-----END')[0] ?? '' };
    });
}

export interface Element {
  readonly tag: number;
  /** Where it begins. */
  readonly content: number;
  /** Infinite: it is not said, or in more bytes than anybody needs. */
  readonly length: number;
}

export const derTags = { integer: 0x02, octetString: 0x04, sequence: 0x30, constructed: 0x20 } as const;

export function element(der: Buffer, at: number): Element {
  const tag = der[at] ?? 0;
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return { tag, content: at + 2, length: first };
  const bytes = first & 0x7f;
  if (bytes === 0 || bytes > 6) return { tag, content: at + 2, length: Number.POSITIVE_INFINITY };
  let length = 0;
  for (let read = 0; read < bytes; read++) length = length * 256 + (der[at + 2 + read] ?? 0);
  return { tag, content: at + 2 + bytes, length };
}

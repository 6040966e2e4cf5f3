/** Node's numbers for the structures that hold a key, by name. */
export function encodingName(
  numbers: Readonly<Record<string, number>>,
  encoding: number | string | null | undefined,
): string | undefined {
  switch (encoding) {
    case undefined:
    case null:
      return undefined;
    case numbers.kKeyEncodingPKCS1:
      return 'pkcs1';
    case numbers.kKeyEncodingPKCS8:
      return 'pkcs8';
    case numbers.kKeyEncodingSPKI:
      return 'spki';
    case numbers.kKeyEncodingSEC1:
      return 'sec1';
    default:
      return undefined;
  }
}

/** What module resolution reads of a package.json. The file belongs to the client: every field is checked before use. */

export interface PackageJson {
  readonly name: string | undefined;
  readonly type: 'module' | 'commonjs' | undefined;
  readonly main: string | undefined;
  /** Undefined when absent; otherwise whatever it is: `package-exports.ts` walks it with checks of its own. */
  readonly exports: unknown;
  readonly imports: Readonly<Record<string, unknown>> | undefined;
}

/** Undefined when the text is no JSON object: Lambda then goes on as if the file were not there (LAMBDA.md A2.5). */
export function parsePackageJson(text: string): PackageJson | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch {
    // Only JSON.parse can throw here, and only because the text is not JSON.
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { name, type, main, exports, imports } = value;
  return {
    name: typeof name === 'string' ? name : undefined,
    type: type === 'module' || type === 'commonjs' ? type : undefined,
    main: typeof main === 'string' ? main : undefined,
    exports: exports === null ? undefined : exports,
    imports: isRecord(imports) ? imports : undefined,
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

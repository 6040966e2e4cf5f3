/**
 * What the native module (`native/guest.cc`) gives to the runtime inside a guest. Each function answers `undefined` to arguments
 * that make no sense, and can be called with anything. Optional: whoever uses it has another way, or does with less.
 */
export interface NativeFunctions {
  /** What promise reactions find again that are registered from now on, and what is current. */
  getContext(): unknown;
  setContext(value: unknown): void;
  setPromiseHooks(init: unknown, before: unknown, after: unknown, resolved: unknown): void;
  isProxy(value: unknown): boolean;
  /** State, and the result unless it is pending. */
  getPromiseDetails(promise: unknown): [state: number, result?: unknown] | undefined;
  getProxyDetails(proxy: unknown): [target: unknown, handler: unknown] | undefined;
  /** Entries of a collection or an iterator of one, and whether they are keys and values in turn. */
  previewEntries(value: unknown): [entries: unknown[], isKeyValue: boolean] | undefined;
  decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined;
  decodeLatin1(bytes: Uint8Array, start: number, end: number): string | undefined;
  utf8Length(text: string): number | undefined;
  /** As many whole characters as fit behind the offset; how many bytes they are. */
  writeUtf8(text: string, bytes: Uint8Array, offset: number): number | undefined;
  /** Serves `import()` from now on. */
  setImporter(importer: (specifier: string, referrer: unknown) => Promise<unknown>): void;
  /** Runs the core, the script of this table, in a new context: whether V8 took its code cache. The sandbox calls it, once. */
  runCore(table: number): boolean | undefined;
  /** What the script evaluates to that holds this module of Node's library, compiled with its code cache: factories. */
  builtin(table: number, id: string): unknown;
  /** Ends what runs in the isolate of that number, whatever thread it runs on; nothing when there is none. */
  terminate(stopNumber: number): void;
  /** Of this isolate. */
  readonly stopNumber: number;
  /** All of it, and memory that is not needed goes back to the system. Some milliseconds. */
  collectGarbage(): void;
}

/**
 * The only importer of isolated-vm. Rules for everyone who uses it: nothing but numbers, bounded strings and exact-size
 * ArrayBuffers may be copied out of a guest, because other values abort the process or grow in it without a bound.
 */
import ivm from 'isolated-vm';

export const { Callback, ExternalCopy, Isolate, NativeModule } = ivm;

export type Context = ivm.Context;
export type ExternalCopy<T = unknown> = ivm.ExternalCopy<T>;
export type Isolate = ivm.Isolate;
export type NativeModule = ivm.NativeModule;
export type Reference<T = unknown> = ivm.Reference<T>;
export type Script = ivm.Script;

/** Goes into guests as the result of a host call: isolated-vm hands the compiled code over, not its bytes. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module';
}

export function compileWasm(bytes: Uint8Array): WasmModule {
  const { Module } = Reflect.get(globalThis, 'WebAssembly') as { Module: new (bytes: Uint8Array) => WasmModule };
  return new Module(bytes);
}

/** Part of the identity of everything compiled: caches of another version are not ours. */
export const isolatedVmVersion = '7.0.1';

/** Compiles a script and gives its code cache. After the same text ran in this isolate, the cache holds what was compiled by then. */
export function compileWithCache(isolate: Isolate, source: string, filename: string): Uint8Array {
  const script: ivm.Script & ivm.CachedDataResult = isolate.compileScriptSync(source, {
    filename,
    produceCachedData: true,
  });
  if (script.cachedData === undefined) throw new Error(`V8 gave no code cache for ${filename}`);
  return new Uint8Array(script.cachedData.copy());
}

/** Takes a snapshot of a context in which the script ran. Failures inside V8 end the process. */
export function takeSnapshot(source: string, filename: string): Uint8Array {
  return new Uint8Array(ivm.Isolate.createSnapshot([{ code: source, filename }]).copy());
}

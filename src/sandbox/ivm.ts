/**
 * The only importer of isolated-vm. Rules for everyone who uses it: nothing but numbers, bounded strings and exact-size
 * ArrayBuffers may be copied out of a guest, because other values abort the process or grow in it without a bound.
 */
import ivm from 'isolated-vm';

export const { Callback, ExternalCopy, Isolate } = ivm;

export type Context = ivm.Context;
export type ExternalCopy<T = unknown> = ivm.ExternalCopy<T>;
export type Isolate = ivm.Isolate;
export type Reference<T = unknown> = ivm.Reference<T>;
export type Script = ivm.Script;

/** Part of the identity of everything compiled: caches of another version are not ours. */
export const isolatedVmVersion = '7.0.1';

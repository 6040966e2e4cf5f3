/**
 * The native module as the other bindings get it: loaded into this guest when one of them first needs it.
 */
import type { NativeFunctions } from '../../../src/bridge/native-module.ts';
import type { CoreContext } from '../context.ts';

export interface NativeBinding {
  /** Undefined when this machine has none. */
  readonly functions: NativeFunctions | undefined;
}

export function createBindings(context: CoreContext): Record<string, object> {
  return { native: { functions: context.host.nativeModule() } };
}

/** Loads it. Whoever can do without asks only when it is worth 0.1 ms. */
export function nativeFunctions({ library }: Pick<CoreContext, 'library'>): NativeFunctions | undefined {
  return (library.internalBinding('native') as NativeBinding).functions;
}

/**
 * `internalBinding('messaging')`: structured clone, and ports between parts of one thread: a guest has no other.
 */
import type { CoreContext } from '../context.ts';
import { createChannelClass, notAPort, Ports } from './messaging/ports.ts';
import { withCode } from './messaging/transfer-list.ts';
import { type CloneDependencies, type Cloned, cloneMessage } from './structured-clone.ts';

interface DomExceptionModule {
  readonly DOMException: new (message: string, name: string) => Error;
  readonly QuotaExceededError: unknown;
}

export function createBindings(context: CoreContext): Record<string, object> {
  const { library } = context;
  const domException = (): DomExceptionModule => library.require('internal/per_context/domexception');
  const dataCloneError = (message: string): Error => new (domException().DOMException)(message, 'DataCloneError');
  const clone = (value: unknown, transfers: readonly unknown[]): Cloned => cloneMessage(cloning, value, transfers);
  const ports = new Ports(context, { cloneMessage: clone, dataCloneError });

  let createObject: ((deserializeInfo: string) => object) | undefined;
  const cloning: CloneDependencies = {
    library,
    ports,
    dataCloneError,
    createObject(deserializeInfo) {
      if (createObject === undefined) library.require<{ setup(): void }>('internal/worker/js_transferable').setup();
      return createObject?.(deserializeInfo) ?? {};
    },
  };
  return {
    messaging: {
      get DOMException() {
        return domException().DOMException;
      },
      get QuotaExceededError() {
        return domException().QuotaExceededError;
      },
      structuredClone: (value: unknown, options?: { readonly transfer?: readonly unknown[] }) =>
        clone(value, options?.transfer ?? []).value,
      setDeserializerCreateObjectFunction(create: (deserializeInfo: string) => object) {
        createObject = create;
      },
      MessageChannel: createChannelClass(ports),
      MessagePort: ports.MessagePort,
      broadcastChannel: (name: string) => ports.createBroadcast(name),
      drainMessagePort: (port: unknown) => ports.drain(port),
      moveMessagePortToContext(port: unknown) {
        if (!ports.isPort(port)) throw notAPort();
        if (ports.isDetached(port as object)) {
          throw withCode(new primordials.Error('Cannot send data on closed MessagePort'), 'ERR_CLOSED_MESSAGE_PORT');
        }
        // There are no contexts besides the function's own (see `vm`).
        throw withCode(new primordials.TypeError('Invalid context argument'), 'ERR_INVALID_ARG_TYPE');
      },
      receiveMessageOnPort: (port: unknown) => ports.receive(port),
      stopMessagePort: (port: unknown) => ports.stop(port),
      checkMessagePort: (value: unknown) => ports.isPort(value),
    },
  };
}

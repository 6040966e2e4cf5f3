/**
 * `internalBinding('messaging')`: structured clone. Ports between threads do not exist: a guest has one thread.
 */
import type { CoreContext } from '../context.ts';
import { createStructuredClone } from './structured-clone.ts';

interface DomExceptionModule {
  readonly DOMException: new (message: string, name: string) => Error;
  readonly QuotaExceededError: unknown;
}

export function createBindings(context: CoreContext): Record<string, object> {
  const { library } = context;
  const domException = (): DomExceptionModule => library.require('internal/per_context/domexception');
  let createObject: ((deserializeInfo: string) => object) | undefined;
  return {
    messaging: {
      get DOMException() {
        return domException().DOMException;
      },
      get QuotaExceededError() {
        return domException().QuotaExceededError;
      },
      structuredClone: createStructuredClone({
        library,
        dataCloneError: (message) => new (domException().DOMException)(message, 'DataCloneError'),
        createObject(deserializeInfo) {
          if (createObject === undefined) {
            library.require<{ setup(): void }>('internal/worker/js_transferable').setup();
          }
          return createObject?.(deserializeInfo) ?? {};
        },
      }),
      setDeserializerCreateObjectFunction(create: (deserializeInfo: string) => object) {
        createObject = create;
      },
      MessageChannel: class MessageChannel {
        constructor() {
          throw new Error('isotherm does not offer MessageChannel yet');
        }
      },
      MessagePort: class MessagePort {
        constructor() {
          throw new TypeError('Illegal constructor');
        }
      },
      broadcastChannel() {
        throw new Error('isotherm does not offer BroadcastChannel');
      },
      drainMessagePort: () => {},
      moveMessagePortToContext: (port: unknown) => port,
      receiveMessageOnPort: () => undefined,
      stopMessagePort: () => {},
      checkMessagePort: () => false,
    },
  };
}

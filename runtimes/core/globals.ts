/**
 * Globals of the guest that are not JavaScript's own. Each is an accessor that loads its module at first use and becomes the
 * data property that Node has, so that a function pays for what it names.
 */
import type { CoreContext } from './context.ts';

const { ObjectDefineProperty, StringPrototypeIncludes } = primordials;

/** Node's copy of undici. */
const fetchModule = 'internal/deps/undici/undici';

/** How Node shows a global: functions of the web platform are enumerable, classes are not. */
type Visibility = 'operation' | 'interface';

const inModules: readonly (readonly [module: string, visibility: Visibility, names: readonly string[]])[] = [
  ['buffer', 'interface', ['Buffer']],
  ['buffer', 'operation', ['atob', 'btoa']],
  [
    'timers',
    'operation',
    ['clearInterval', 'clearTimeout', 'setInterval', 'setTimeout', 'setImmediate', 'clearImmediate'],
  ],
  ['internal/process/task_queues', 'operation', ['queueMicrotask']],
  ['internal/worker/js_transferable', 'operation', ['structuredClone']],
  ['internal/per_context/domexception', 'interface', ['DOMException', 'QuotaExceededError']],
  ['internal/url', 'interface', ['URL', 'URLPattern', 'URLSearchParams']],
  ['internal/abort_controller', 'interface', ['AbortController', 'AbortSignal']],
  ['internal/event_target', 'interface', ['Event', 'EventTarget', 'CustomEvent']],
  ['internal/encoding', 'interface', ['TextEncoder', 'TextDecoder']],
  ['internal/blob', 'interface', ['Blob']],
  ['internal/file', 'interface', ['File']],
  [
    fetchModule,
    'interface',
    ['CloseEvent', 'ErrorEvent', 'FormData', 'Headers', 'MessageEvent', 'Request', 'Response', 'WebSocket'],
  ],
  ['internal/webstreams/compression', 'interface', ['CompressionStream', 'DecompressionStream']],
  ['internal/crypto/webcrypto', 'operation', ['crypto']],
  ['internal/crypto/webcrypto', 'interface', ['Crypto', 'CryptoKey', 'SubtleCrypto']],
  ['internal/worker/io', 'interface', ['BroadcastChannel', 'MessageChannel', 'MessagePort']],
  ['internal/navigator', 'interface', ['Navigator']],
  ['perf_hooks', 'operation', ['performance']],
  [
    'perf_hooks',
    'interface',
    [
      'Performance',
      'PerformanceEntry',
      'PerformanceMark',
      'PerformanceMeasure',
      'PerformanceObserver',
      'PerformanceObserverEntryList',
      'PerformanceResourceTiming',
    ],
  ],
  [
    'stream/web',
    'interface',
    [
      'ReadableStream',
      'ReadableStreamDefaultReader',
      'ReadableStreamBYOBReader',
      'ReadableStreamBYOBRequest',
      'ReadableByteStreamController',
      'ReadableStreamDefaultController',
      'WritableStream',
      'WritableStreamDefaultController',
      'WritableStreamDefaultWriter',
      'TransformStream',
      'TransformStreamDefaultController',
      'ByteLengthQueuingStrategy',
      'CountQueuingStrategy',
      'TextEncoderStream',
      'TextDecoderStream',
    ],
  ],
];

export function installGlobals(context: CoreContext): void {
  for (let at = 0; at < inModules.length; at++) {
    const [module, visibility, names] = inModules[at] ?? ['', 'interface', []];
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? '';
      const load = (): unknown => context.library.require<Record<string, unknown>>(module)[name];
      defineLazily(globalThis, name, visibility === 'operation', load);
    }
  }
  define(globalThis, 'fetch', true, createFetch(context));
  defineLazily(globalThis, 'EventSource', false, () => eventSource(context));
  defineLazily(
    globalThis,
    'navigator',
    true,
    () => context.library.require<{ navigator: object }>('internal/navigator').navigator,
  );
  define(globalThis, 'global', true, globalThis);
  define(globalThis, 'process', false, context.process);
  ObjectDefineProperty(globalThis, Symbol.toStringTag, {
    // @ts-expect-error descriptors are read through the prototype, which the user will own
    __proto__: null,
    value: 'global',
    configurable: true,
  });
}

/** As in Node: there for those who ask for it when they start. */
function eventSource({ library, settings }: CoreContext): unknown {
  const { NODE_OPTIONS = '' } = settings.environment;
  if (!StringPrototypeIncludes(NODE_OPTIONS, '--experimental-eventsource')) return undefined;
  return library.require<{ EventSource: unknown }>(fetchModule).EventSource;
}

/** A function from the start, as in Node: many a library asks for its type without ever calling it. */
function createFetch({ library }: CoreContext): unknown {
  return function fetch(input: unknown, init: unknown = undefined): unknown {
    return library.require<{ fetch(input: unknown, init: unknown): unknown }>(fetchModule).fetch(input, init);
  };
}

export function define(target: object, name: string, enumerable: boolean, value: unknown): void {
  ObjectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    enumerable,
    configurable: true,
    writable: true,
  });
}

/** An accessor that becomes plain data at its first use, or when it is assigned to. */
export function defineLazily(target: object, name: string, enumerable: boolean, make: () => unknown): void {
  ObjectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    get() {
      const value = make();
      define(target, name, enumerable, value);
      return value;
    },
    set(value: unknown) {
      define(target, name, enumerable, value);
    },
    enumerable,
    configurable: true,
  });
}

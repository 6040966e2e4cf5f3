/**
 * Reads the source text of Node's own library out of the running node binary and finds which files the offered modules
 * need. Nothing of it is ever written into this repository. Works only in a process started with `--expose-internals`.
 */
import { createRequire } from 'node:module';
import { offeredModules, refusedModules } from '../../bridge/node-modules.ts';
import { adaptedFetch, fetchModule, llhttpModule, readLlhttp } from './adapted-fetch.ts';
import { deferCrypto } from './defer-crypto.ts';
import { partTlsFromCrypto } from './part-tls.ts';

/** Never included, whoever asks: not reachable by a guest, or replaced by `runtimes/core`. */
const excluded =
  /^internal\/(deps|test_runner|bench_runner|test|main|repl|debugger|quic|dtls|ffi|cluster|inspector|policy|modules|vfs|legacy|source_map|v8_prof\w*|http2|child_process|vm\/module|wasm_web_api|process\/(pre_execution|execution|esm_loader|report|signal|worker_thread_only)|watch_mode|main|util\/inspector|util\/parse_args|bootstrap)(\/|$)/;

/** Needed by our own core and bindings, whoever else asks for them. */
const ownNeeds = [
  'internal/per_context/domexception',
  'internal/per_context/messageport',
  'internal/abort_controller',
  'internal/console/global',
  'internal/deps/acorn/acorn/dist/acorn',
  'internal/encoding',
  'internal/event_target',
  fetchModule,
  'internal/deps/minimatch/index',
  'internal/file',
  'internal/navigator',
  'internal/worker/clone_dom_exception',
  'internal/worker/js_transferable',
  'internal/process/finalization',
  'internal/process/per_thread',
  'internal/process/task_queues',
  'internal/process/warning',
  'internal/repl/history',
  'internal/util/diff',
  'internal/util/parse_args/parse_args',
  'internal/util/parse_args/utils',
  'internal/webstreams/compression',
];

export interface NodeLibrary {
  /** Source text by module id, of everything that an offered module may load. */
  readonly sources: ReadonlyMap<string, string>;
  readonly primordialsSource: string;
  readonly primordialNames: ReadonlySet<string>;
  /** WebAssembly that is text in a source, by the id that stands for it in guests. */
  readonly wasm: ReadonlyMap<string, Uint8Array>;
  internalBinding(name: string): Record<string, unknown>;
  requireInternal(id: string): Record<string, unknown>;
}

export function readNodeLibrary(): NodeLibrary {
  const require = createRequire(import.meta.url);
  const { internalBinding, primordials } = require('internal/test/binding') as InternalAccess;
  const natives = internalBinding('builtins').natives as Record<string, string>;
  const primordialsSource = natives['internal/per_context/primordials'];
  if (primordialsSource === undefined) throw new Error('this node binary carries no sources of its library');
  return {
    sources: closure(natives),
    primordialsSource,
    primordialNames: new Set(Reflect.ownKeys(primordials).map(String)),
    wasm: new Map([[llhttpModule, readLlhttp(natives[fetchModule] ?? '')]]),
    internalBinding,
    requireInternal: (id) => require(id),
  };
}

interface InternalAccess {
  internalBinding(name: string): Record<string, unknown>;
  readonly primordials: object;
}

function closure(natives: Record<string, string>): Map<string, string> {
  const sources = new Map<string, string>();
  const wanted = [...offeredModules, ...ownNeeds].reverse() as string[];
  for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
    const text = natives[id];
    if (text === undefined || sources.has(id)) continue;
    if (excluded.test(id) && !ownNeeds.includes(id)) continue;
    if (isPublic(id) && !(offeredModules as readonly string[]).includes(id)) continue;
    if ((refusedModules as readonly string[]).includes(id)) {
      sources.set(id, `module.exports = internalBinding('refused').exportsOf('${id}');`);
      continue;
    }
    sources.set(id, adapted(id, text));
    for (const match of text.matchAll(/\brequire\('([^']+)'\)/g)) {
      if (match[1] !== undefined) wanted.push(match[1]);
    }
  }
  return sources;
}

function isPublic(id: string): boolean {
  return !id.startsWith('internal/');
}

/** Node's text as it runs in a guest. A pattern that no longer fits is an error: the library is another than we know. */
function adapted(id: string, text: string): string {
  const hidden = hardened(id, hidePrivateProperties(text));
  if (id === fetchModule) return adaptedFetch(hidden);
  if (id === 'http2') return http2Module;
  if (id === 'internal/errors') return deferErrorClasses(hidden);
  if (id === 'internal/timers') return countTimeouts(rememberImmediate(hidden));
  if (id === 'timers') return countCleared(hidden);
  if (id === 'crypto' || id.startsWith('internal/crypto/')) return deferCrypto(id, hidden);
  if (id === 'tls') return withoutHttp2(partTlsFromCrypto(id, hidden));
  if (id.startsWith('internal/tls/')) return partTlsFromCrypto(id, hidden);
  if (id === 'net') return explainRefusals(hidden);
  if (id === 'internal/assert/utils') return withoutSource(hidden);
  if (id === 'internal/util') return withOneRealm(hidden);
  if (!id.startsWith('internal/per_context/')) return hidden;
  // Scripts that Node runs once for each context get their parameters from the bindings instead.
  return replaced(
    hidden,
    "'use strict';",
    "'use strict';\nconst { privateSymbols } = internalBinding('util');\nconst perIsolateSymbols = internalBinding('symbols');",
  );
}

const privateAssignment = /([\w.]+)\[(\w+_private_symbol)\] = ([^;]+);/g;

/** Node's is a parser, a session and streams in C++; a guest gets what can be had without. */
const http2Module = "module.exports = require('isotherm/modules/http2').createHttp2(require('isotherm/data/http2'));";

/** V8's private symbols are invisible; ours are plain symbols, so what is kept under them must not be enumerable. */
function hidePrivateProperties(text: string): string {
  return text.replace(
    privateAssignment,
    (_, target: string, symbol: string, value: string) =>
      `primordials.ObjectDefineProperty(${target}, ${symbol}, { __proto__: null, value: ${value}, configurable: true, writable: true });`,
  );
}

/** Node makes a class for each of 350 error codes at once (1.1 ms); here each is made when it is first asked for. */
function deferErrorClasses(text: string): string {
  const deferred = `const pendingCodes = { __proto__: null };
const codes = new primordials.Proxy({ __proto__: null }, {
  __proto__: null,
  get(made, code) {
    const pending = made[code] === undefined ? pendingCodes[code] : undefined;
    if (pending !== undefined) primordials.ReflectApply(defineCode, undefined, pending);
    return made[code];
  },
});
function E(...definition) {
  pendingCodes[definition[0]] = definition;
  messages.set(definition[0], definition[1]);
}`;
  const signature = 'function E(sym, val, def, ...otherClasses) {';
  const renamed = replaced(
    replaced(text, 'const codes = {};', deferred),
    signature,
    signature.replace(' E(', ' defineCode('),
  );
  // They ran before any user code; now they run behind it.
  return renamed
    .replaceAll('otherClasses.includes(', 'primordials.ArrayPrototypeIncludes(otherClasses, ')
    .replaceAll('otherClasses.forEach(', 'primordials.ArrayPrototypeForEach(otherClasses, ');
}

/** Methods that Node's library calls on the user's prototypes, while it is loaded or on the way of every `console.log`. */
const unguarded: Readonly<Record<string, readonly (readonly [call: string, guarded: string])[]>> = {
  'internal/util/inspect': [
    ['ctx.seen.includes(', 'primordials.ArrayPrototypeIncludes(ctx.seen, '],
    ['ctx.seen.push(', 'primordials.ArrayPrototypePush(ctx.seen, '],
    ['inspect.styles.regexp.colors.slice()', 'primordials.ArrayPrototypeSlice(inspect.styles.regexp.colors)'],
  ],
  'internal/worker/io': [
    [
      'obj[transfer_mode_private_symbol] &= ~kCloneable;',
      'primordials.ObjectDefineProperty(obj, transfer_mode_private_symbol, { __proto__: null, value: obj[transfer_mode_private_symbol] & ~kCloneable, configurable: true, writable: true });',
    ],
  ],
  'internal/async_hooks': [
    ['emitHook.bind(undefined, symbol)', 'primordials.FunctionPrototypeBind(emitHook, undefined, symbol)'],
  ],
};

function hardened(id: string, text: string): string {
  return (unguarded[id] ?? []).reduce(
    (result, [call, guarded]) => replaced(result, call, guarded).replaceAll(call, guarded),
    text,
  );
}

/** Whoever can speak HTTP/2 or HTTP/1.1 speaks HTTP/1.1 in a guest: it must not be agreed on what is not there. */
function withoutHttp2(text: string): string {
  return replaced(
    text,
    'out.ALPNProtocols = convertProtocols(protocols);',
    `out.ALPNProtocols = convertProtocols(primordials.ArrayPrototypeIncludes(protocols, 'http/1.1')
      ? primordials.ArrayPrototypeFilter(protocols, (protocol) => protocol !== 'h2') : protocols);`,
  );
}

/**
 * Our loop leaves the walk over immediates after each one, where Node runs ticks; the next one may be cleared meanwhile, so
 * the one before it must be known when the walk goes on.
 */
function rememberImmediate(text: string): string {
  const walk = 'function processImmediate() {';
  const previous = 'let prevImmediate;';
  return replaced(replaced(text, previous, ''), walk, `${previous} ${walk}`);
}

/** Node counts the timers that keep a process alive. A guest may have a number of all, so those that do not are counted beside them. */
function countTimeouts(text: string): string {
  const made = 'this[kRefed] = isRefed;';
  const again = 'item._destroyed = false;';
  const ended = 'timer._destroyed = true;';
  const counted = replaced(
    replaced(text, made, `${made} timeoutInfo[1]++;`),
    again,
    `if (isDestroyed) timeoutInfo[1]++; ${again}`,
  );
  return replaced(counted, ended, ended).replaceAll(ended, `${ended} timeoutInfo[1]--;`);
}

function countCleared(text: string): string {
  const cleared = 'item._destroyed = true;';
  return replaced(text, cleared, `${cleared} binding.timeoutInfo[1]--;`);
}

/** A connection that the host refused says why; Node's text has only the code. Happens where both kinds of attempts report. */
function explainRefusals(text: string): string {
  const report = "self.emit('connectionAttemptFailed', req.address, req.port, req.addressType, ex);";
  return replaced(text, report, report).replaceAll(report, () => `req.explain?.(ex); ${report}`);
}

/** Node knows the source of all code that runs and takes no other case into account; here code can be without a file. */
function withoutSource(text: string): string {
  return replaced(text, '[getErrMessage(fn)]', "[getErrMessage(fn) ?? 'The expression evaluated to a falsy value']");
}

/** Node takes unspoilt built-ins from a fresh context; a guest has one context only. */
function withOneRealm(text: string): string {
  return replaced(text, "require('vm')", "require('isotherm/realm')").replaceAll(
    "require('vm')",
    "require('isotherm/realm')",
  );
}

function replaced(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new Error(`this node's library has no ${JSON.stringify(part)} where one is expected`);
  return text.replace(part, () => by);
}

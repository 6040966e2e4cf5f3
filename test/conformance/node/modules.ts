/**
 * Which module of Node's a test file is about: by its name, as Node's authors named it. What matches no row tests the program
 * `node` itself (its options, its debugger, its package manager) and not a module.
 */
const rows: readonly (readonly [RegExp, string])[] = [
  [/^(http2|h2leak|h2-)/, 'http2'],
  [/^(https)\b/, 'https'],
  [
    /^(http|client-request|outgoing-message|outgoing|write-header|set-incoming|set-http|diagnostic-channel-http|pipe-file-to-http|pipe-outgoing)/,
    'http',
  ],
  [/^(fetch|websocket|eventsource)/, 'fetch'],
  [/^(tls|double-tls|x509)/, 'tls'],
  [
    /^(whatwg-(readable|writable|transform|webstreams)|webstreams?\b|readable-from-web|global-webstreams)/,
    'stream/web',
  ],
  [/^(compression-decompression-stream)/, 'stream/web'],
  [/^(stream[23s]?|readable|writable|pipe-(return|stream|head)|streams|warn-stream)\b/, 'stream'],
  [/^(net|blocklist|socket-?address|tcp-|listen-fd|socket-|pipe-|handle-wrap|js-stream|wrap-js)/, 'net'],
  [/^(dns|c-ares)/, 'dns'],
  [/^(dgram)/, 'dgram'],
  [/^(fs|file-(?!validate)|filehandle|fastutf8stream|sync-fileread)/, 'fs'],
  [/^(file|blob)\b/, 'blob'],
  [/^(fileurltopathbuffer|url|whatwg-url|data-url)(?!pattern)/, 'url'],
  [/^urlpattern/, 'urlpattern'],
  [/^(whatwg-encoding|global-encoder)/, 'encoding'],
  [/^(whatwg-events|eventtarget|event-target|nodeeventtarget|global-customevent)/, 'eventtarget'],
  [/^(event|eventemitter)/, 'events'],
  [/^(abort)/, 'abortcontroller'],
  [/^(buffer|btoa|icu-transcode|stringbytes)/, 'buffer'],
  [/^(crypto|dsa-|openssl)/, 'crypto'],
  [/^(webcrypto|global-webcrypto)/, 'webcrypto'],
  [/^zlib/, 'zlib'],
  [/^(timers|next-tick|primitive-timer|queue-microtask|microtask|ref-unref)/, 'timers'],
  [/^(async-local-storage|als-)/, 'async_local_storage'],
  [/^(async|asyncresource|emit-after|promise-hook)/, 'async_hooks'],
  [/^(diagnostics-channel)/, 'diagnostics_channel'],
  [/^(querystring)/, 'querystring'],
  [/^(string-decoder)/, 'string_decoder'],
  [/^(path)\b/, 'path'],
  [/^(os)\b/, 'os'],
  [/^(assert|common|diff)\b/, 'assert'],
  [/^(console|global-console)/, 'console'],
  [/^(punycode)/, 'punycode'],
  [/^(util|mime|parse-args|validators|structured|sys\b|constants\b|dotenv\b|error|err-name|uv-)/i, 'util'],
  [/^(domexception|global-domexception)/, 'domexception'],
  [/^(readline)/, 'readline'],
  [/^(module|require|find-package|source-map|delayed-require|compile-cache|esm|directory-import)/, 'module'],
  [/^(v8|heap)/, 'v8'],
  [/^(vm)\b/, 'vm'],
  [/^(perf|performance|tojson-perf)/, 'perf_hooks'],
  [/^(message|broadcastchannel|messaging)/, 'messaging'],
  [
    /^(process|beforeexit|memory-usage|resource-usage|stdin|stdout|stdio|cwd|umask|unhandled|uncaught|promises?-|exception-handler|throw-)/,
    'process',
  ],
  [
    /^(global|intl|temporal|instanceof|accessor|bad-unicode|tz-|weakref|navigator|wasm|eval|math-random|datetime|atomics|icu)/,
    'globals',
  ],
  [/^(worker)/, 'worker_threads'],
  [/^(child-process)/, 'child_process'],
  [/^(cluster)/, 'cluster'],
  [/^(inspector|debugger|debug-|coverage)/, 'inspector'],
  [/^(repl|force-repl)/, 'repl'],
  [/^(domain)/, 'domain'],
  [/^(sqlite)/, 'sqlite'],
  [/^(tty)/, 'tty'],
  [/^(wasi)/, 'wasi'],
  [/^(trace|tracing)/, 'trace_events'],
  [/^(runner|test-runner)/, 'test'],
  [/^(sea)\b/, 'sea'],
];

/** The program `node`, not a module of it. */
export const programName = 'node (the program)';

export function moduleOf(file: string): string {
  const name = file.replace(/^test-/, '').replace(/\.[cm]?js$/, '');
  return rows.find(([pattern]) => pattern.test(name))?.[1] ?? programName;
}

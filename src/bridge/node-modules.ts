/**
 * Which of Node's public modules a guest can require. The one table: the builder collects these and what they need, the
 * guest's loader refuses the rest with a clear error.
 */
export const offeredModules = [
  '_http_agent',
  '_http_client',
  '_http_common',
  '_http_incoming',
  '_http_outgoing',
  '_http_server',
  'assert',
  'assert/strict',
  'async_hooks',
  'buffer',
  'console',
  'constants',
  'crypto',
  'diagnostics_channel',
  'dns',
  'dns/promises',
  'events',
  'fs',
  'fs/promises',
  'http',
  'http2',
  'https',
  'module',
  'net',
  'os',
  'path',
  'path/posix',
  'path/win32',
  'perf_hooks',
  'process',
  'punycode',
  'querystring',
  'stream',
  'stream/consumers',
  'stream/promises',
  'stream/web',
  'string_decoder',
  'sys',
  'timers',
  'timers/promises',
  'tls',
  'url',
  'util',
  'util/types',
  'zlib',
] as const;

/** Known to Node, not here: asking for one names it as missing instead of as unknown. */
export const notOfferedModules = [
  'child_process',
  'cluster',
  'dgram',
  'domain',
  'inspector',
  'inspector/promises',
  'readline',
  'readline/promises',
  'repl',
  'sea',
  'sqlite',
  'test',
  'test/reporters',
  'trace_events',
  'tty',
  'v8',
  'vm',
  'wasi',
  'worker_threads',
] as const;

/** The functions that the embedder offers to a guest: a module of ours, known by this name only. */
export const bindingsModule = 'isotherm:bindings';

/** Only with the `node:` prefix, as in Node. */
export const schemeOnlyModules = ['sea', 'sqlite', 'test', 'test/reporters'] as const;

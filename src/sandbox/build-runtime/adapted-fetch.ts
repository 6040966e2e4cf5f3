/**
 * Node's fetch (undici, in one file) as it runs in a guest. Its HTTP parser comes as the WebAssembly that `http` uses, too; what
 * a plain request does not need is made at first use; HTTP/2 is not negotiated, because guests have none.
 */
export const fetchModule = 'internal/deps/undici/undici';
export const llhttpModule = 'isotherm/wasm/llhttp';

const base64Wasm = /"(AGFzbQ[A-Za-z0-9+/=]+)"/g;

/** It is carried twice, the one for machines with vector instructions last. */
export function readLlhttp(fetchSource: string): Uint8Array {
  const text = [...fetchSource.matchAll(base64Wasm)].at(-1)?.[1];
  if (text === undefined) throw new Error("this node's fetch carries no HTTP parser");
  return Buffer.from(text, 'base64');
}

/** A tenth of the text, and it would load `http2`. Nothing asks for it when HTTP/2 is not negotiated. */
const http2Client = /^var require_client_h2 = __commonJS\(\{\n[\s\S]*?^\}\);$/m;

const changes: readonly (readonly [from: string, to: string])[] = [
  ['new WebAssembly.Module(require_llhttp_simd_wasm())', `require(${JSON.stringify(llhttpModule)})`],
  [
    'var { markAsUncloneable } = require("node:worker_threads");',
    `const { transfer_mode_private_symbol } = internalBinding('util').privateSymbols;
    const uncloneable = { __proto__: null, configurable: true, value: 0, writable: true };
    const markAsUncloneable = (object) => primordials.ObjectDefineProperty(object, transfer_mode_private_symbol, uncloneable);`,
  ],
  [
    'webidl.is.MessagePort = webidl.util.MakeTypeAssertion(MessagePort);',
    'webidl.is.MessagePort = (value) => webidl.util.MakeTypeAssertion(MessagePort)(value);',
  ],
  ['allowH2 = allowH2 != null ? allowH2 : true;', 'allowH2 = allowH2 === true;'],
  [
    'var { createInflateRaw, Z_DEFAULT_WINDOWBITS } = require("node:zlib");',
    'var createInflateRaw = (options) => require("node:zlib").createInflateRaw(options); var Z_DEFAULT_WINDOWBITS = 15;',
  ],
  ...['WebSocket', 'EventSource'].map(
    (name) =>
      [
        `module.exports.${name} = require_${name.toLowerCase()}().${name};`,
        lazyExport(name, `require_${name.toLowerCase()}().${name}`),
      ] as const,
  ),
  ['var EnvHttpProxyAgent = require_env_http_proxy_agent();', ''],
  [
    'module.exports.EnvHttpProxyAgent = EnvHttpProxyAgent;',
    `${lazyExport('EnvHttpProxyAgent', 'require_env_http_proxy_agent()')}
module.exports.setGlobalDispatcher = setGlobalDispatcher;
if (require('internal/options').getOptionValue('--use-env-proxy')) {
  const { http_proxy, https_proxy, HTTP_PROXY, HTTPS_PROXY } = process.env;
  if (http_proxy || https_proxy || HTTP_PROXY || HTTPS_PROXY) setGlobalDispatcher(new (require_env_http_proxy_agent())());
}`,
  ],
];

export function adaptedFetch(source: string): string {
  if (!http2Client.test(source)) throw new Error("this node's fetch has no client of HTTP/2");
  let text = source.replace(base64Wasm, '""').replace(http2Client, 'var require_client_h2 = () => undefined;');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`this node's fetch has no ${JSON.stringify(from)}`);
    text = text.replace(from, () => to);
  }
  return text
    .replaceAll('var zlib = require("node:zlib");', '')
    .replace(/\bzlib\.(?=create|constants)/g, 'require("node:zlib").');
}

function lazyExport(name: string, value: string): string {
  return `primordials.ObjectDefineProperty(module.exports, ${JSON.stringify(name)}, {
  __proto__: null, configurable: true, enumerable: true, get: () => ${value} });`;
}

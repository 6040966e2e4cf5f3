/**
 * Node's `crypto` loads 30 modules at once, of which a function needs two or three. Here its exports are accessors that load
 * theirs at first use and become plain data then.
 */

/** Modules that others name at their top and call seldom. */
const seldomCalled: Readonly<Record<string, readonly string[]>> = {
  'internal/crypto/argon2': ['internal/crypto/keys'],
  'internal/crypto/hash': ['internal/crypto/keys'],
  'internal/crypto/hkdf': ['internal/crypto/keys'],
  'internal/crypto/pbkdf2': ['internal/crypto/keys'],
  // Whoever draws random values from the global `crypto` needs none of them.
  'internal/crypto/webcrypto': ['internal/crypto/keys', 'internal/crypto/hash', 'internal/crypto/util'],
};

/** @throws Error when this is not the text we know */
export function deferCrypto(id: string, text: string): string {
  if (id === 'crypto') return deferExports(text);
  const known =
    id === 'internal/crypto/hash'
      ? takeKeysAsBytes(text)
      : id === 'internal/crypto/webcrypto'
        ? deferCryptoKey(text)
        : text;
  return (seldomCalled[id] ?? []).reduce((result, module) => deferCalls(result, [takeImport(result, module)]), known);
}

/** Nearly every HMAC has a string or bytes for its key, for which `internal/crypto/keys` would do no more than this. */
function takeKeysAsBytes(text: string): string {
  const call = 'key = prepareSecretKey(key, encoding);';
  if (!text.includes(call)) throw new Error("this node's library prepares keys of an HMAC in another way");
  return text.replace(
    call,
    `if (typeof key === 'string') key = getArrayBufferOrView(key, 'key', encoding);
  else if (!isArrayBufferView(key)) ${call}`,
  );
}

/** The class is only passed on, and the digest function called through another. */
function deferCryptoKey(text: string): string {
  const exports = 'module.exports = {\n  Crypto,\n  CryptoKey,\n';
  const call = 'FunctionPrototypeCall(asyncDigest, this, normalizedAlgorithm, data)';
  if (!text.includes(exports) || !text.includes(call)) {
    throw new Error("this node's Web Crypto has another form than the one we know");
  }
  return text
    .replace(call, 'asyncDigest(normalizedAlgorithm, data)')
    .replace(
      exports,
      "module.exports = {\n  Crypto,\n  get 'CryptoKey'() { return require('internal/crypto/keys').CryptoKey; },\n",
    );
}

interface Import {
  readonly statement: string;
  readonly names: readonly string[];
  /** Expression of one of the names. */
  readonly load: (name: string) => string;
}

function takeImport(text: string, module: string): Import {
  const found = imports(text).find((candidate) => candidate.statement.includes(`'${module}'`));
  if (found === undefined) throw new Error(`this node's library imports ${module} in another way`);
  return found;
}

const destructured =
  /^const \{\n((?: {2}\w+,\n)+)\} = (require|internalBinding)\('(internal\/crypto\/\w+|crypto)'\);$/gm;
const plain = /^const (\w+) = require\('(internal\/crypto\/\w+)'\);$/gm;

function imports(text: string): Import[] {
  const several = [...text.matchAll(destructured)].map(([statement, list = '', from = '', module = '']) => ({
    statement,
    names: list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    load: (name: string) => `${from}('${module}').${name}`,
  }));
  const single = [...text.matchAll(plain)].map(([statement, name = '', module = '']) => ({
    statement,
    names: [name],
    load: () => `require('${module}')`,
  }));
  return [...several, ...single];
}

/** Replaces every call of the imported names, also as constructors, and of their members; and the import itself. */
function deferCalls(text: string, deferred: readonly Import[]): string {
  return deferred.reduce((result, { statement, names, load }) => {
    const without = result.replace(statement, '');
    return names.reduce(
      (body, name) =>
        body.replace(new RegExp(`(?<![.\\w'])(?<!function )${name}(?=[(.])`, 'g'), () => `(0, ${load(name)})`),
      without,
    );
  }, text);
}

const exported = /^ {2}(\w+)(?:: (\w+|deprecate\((\w+), .*\)))?,$/gm;
const exportsLiteral = /^module\.exports = \{\n[\s\S]*?^\};$/m;

function deferExports(text: string): string {
  const deferred = imports(text);
  const loads = new Map(deferred.flatMap(({ names, load }) => names.map((name) => [name, load(name)] as const)));
  const [literal] = exportsLiteral.exec(text) ?? [];
  if (literal === undefined || loads.size < exportsExpectedMin) {
    throw new Error("this node's crypto has another form than the one we know");
  }
  const lazy = literal.replace(
    exported,
    (line, name: string, value: string | undefined, wrapped: string | undefined) => {
      const load = loads.get(wrapped ?? value ?? name);
      if (load === undefined) return line;
      const made = wrapped === undefined ? load : (value ?? '').replace(wrapped, () => load);
      return `  get ${name}() { return settle('${name}', ${made}); }, set ${name}(value) { settle('${name}', value); },`;
    },
  );
  const body = deferCalls(text.replace(literal, '$LITERAL$'), deferred).replace('$LITERAL$', () => lazy);
  return body.replace("'use strict';", () => `'use strict';\n${settle}`);
}

/** What the module imports today, more or less: a text that matches nothing must not pass. */
const exportsExpectedMin = 50;

const settle = `const settle = (name, value) => {
  primordials.ObjectDefineProperty(module.exports, name, {
    __proto__: null, value, configurable: true, enumerable: true, writable: true,
  });
  return value;
};`;

/** What is run: the same text in every peer. CommonJS, as the oldest form of a Lambda function, because all of them take it. */

export const hello = 'exports.handler = async (event) => ({ message: `hello ${event.name}` });';

export const echo = 'exports.handler = async (event) => event;';

/** What a function that calls an API typically loads at init, and a little work with each. */
export const ordinary = `const http = require('http'), crypto = require('crypto'), fs = require('fs');
exports.handler = async (event) => {
  const digest = crypto.createHash('sha256').update(event.name).digest('hex');
  return { digest, methods: http.METHODS.length > 20, root: typeof fs.readFileSync };
};`;

/** A fixed amount of work, a tenth of a second of a core or two. Not a span of time: some peers stop the clock while a function runs. */
export const hog = `function mix(state) {
  for (let i = 0; i < 1e4; i += 1) state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return state;
}
exports.handler = async () => {
  let state = 1;
  for (let i = 0; i < 4e3; i += 1) state = mix(state);
  return state;
};`;

export const endless = 'exports.handler = async () => { for (;;); };';

export const filesBytes = 4 * 1024 * 1024;

/** Writes a file and reads it again. `BENCH_TMP` is set where `/tmp` would be the machine's own. */
export const files = `const fs = require('fs');
const path = ((typeof process === 'object' && process.env.BENCH_TMP) || '/tmp') + '/file';
const bytes = Buffer.alloc(${filesBytes}, 'isotherm');
exports.handler = async () => {
  fs.writeFileSync(path, bytes);
  const read = fs.readFileSync(path);
  fs.unlinkSync(path);
  return read.length;
};`;

/**
 * Hello world at the end of a bundle of about that many bytes: functions that are there and mostly never run, as in bundles. They are
 * reachable, so that nobody may leave them out.
 */
export function bundle(bytes: number): string {
  const parts = ["'use strict';"];
  const names: string[] = [];
  for (let length = hello.length; length < bytes; ) {
    const i = names.length;
    const part = `function f${i}(a, b) { const c = a * ${i} + b; return c > ${i} ? { key: 'value ${i}', list: [a, b, c] } : String(c); }`;
    parts.push(part);
    names.push(`f${i}`);
    length += part.length + 1 + `f${i},`.length;
  }
  return `${parts.join('\n')}\nexports.parts = () => [${names}];\n${hello}`;
}

export const helloPayload = '{"name":"Ada"}';
export const helloAnswer = '{"message":"hello Ada"}';

/** JSON text of exactly that many bytes. */
export function payloadOf(bytes: number): string {
  const frame = JSON.stringify({ name: 'Ada', filler: '' });
  return JSON.stringify({ name: 'Ada', filler: 'x'.repeat(bytes - frame.length) });
}

export const ordinaryAnswer =
  '{"digest":"99a563ab2f6e21e96998f9fddd2a2bab82b70ac019579502b8d7fc0032ff62bb","methods":true,"root":"function"}';

/**
 * What runs in a guest before any of its code: it puts functions of its own before the host's, gives the runtime those, and
 * leaves. Whatever crosses the border is copied into this process's own heap before anybody can look at it, so that one line of
 * 400 MB, or an object full of aliases of one string, would end the process for all its guests (SECURITY.md 0.5). So only numbers,
 * strings and byte arrays cross, and all are measured here. It is strict: a sloppy function shows itself and its arguments to whom
 * it calls.
 */
import { limits } from '../model/limits.ts';

/** @param names of the host's functions, which are its first arguments, in this order. Then come the native module and its table's number */
export function bootProgram(names: readonly string[]): string {
  const calls = names.map((name, at) => `${name}: $${at}`).join();
  const others = ['native', 'table'].map((name, at) => `${name} = $${names.length + at}`).join();
  return `'use strict'; const calls = {${calls}}, ${others}; ${program}`;
}

const program = `
  const compile = eval, unbound = Function.prototype.call, uncurried = unbound.bind.bind(unbound);
  const slice = uncurried(String.prototype.slice);
  const byteLength = uncurried(Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength').get);
  const maxByteLength = uncurried(Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'maxByteLength').get);
  const number = (value) => typeof value === 'number' ? value : undefined;
  const text = (value, max) =>
    typeof value !== 'string' ? undefined : value.length > max ? slice(value, 0, max + 1) : value;
  const plain = (value, charsMax, bytesMax) => {
    switch (typeof value) {
      case 'number': return value;
      case 'string': return value.length > charsMax ? slice(value, 0, charsMax + 1) : value;
      case 'object':
        if (value === null) return undefined;
        // A resizable one would be copied with all that it may grow to.
        try { return byteLength(value) <= bytesMax && maxByteLength(value) <= bytesMax ? value : undefined; } catch { return undefined; }
      default: return undefined;
    }
  };
  const path = (value) => plain(value, ${limits.pathLengthMax}, ${limits.fsBytesPerCallMax});
  const bridged = (value) => plain(value, ${limits.bridgeStringCharsMax}, ${limits.bridgeBytesMax});
  const { log, settle, wake, uncounted, exit, loadBuiltin, random, mapPosition, domainToAscii, fs, ask, start } = calls;
  calls.log = (stream, line) => log(number(stream), text(line, ${limits.logBytesPerInvocationMax}));
  calls.settle = (kind, body, errorType) =>
    settle(number(kind), text(body, ${limits.responsePayloadBytesMax}), text(errorType, ${limits.nameLengthMax}));
  calls.wake = (state) => wake(number(state));
  calls.uncounted = (bytes) => uncounted(number(bytes));
  calls.exit = (code) => exit(number(code));
  calls.random = (byteCount) => random(number(byteCount));
  calls.mapPosition = (line, column) => mapPosition(number(line), number(column));
  calls.domainToAscii = (domain) => domainToAscii(text(domain, ${limits.pathLengthMax}));
  calls.fs = (operation, a, b, c, d) => fs(number(operation), path(a), path(b), path(c), path(d));
  calls.ask = (service, operation, a, b, c, d, e, f) =>
    ask(number(service), number(operation), bridged(a), bridged(b), bridged(c), bridged(d), bridged(e), bridged(f));
  calls.start = (service, operation, id, a, b, c, d, e, f) => start(
    number(service), number(operation), number(id), bridged(a), bridged(b), bridged(c), bridged(d), bridged(e), bridged(f));
  calls.loadBuiltin = (id) => {
    if (typeof id !== 'string') return false;
    const made = native?.builtin(table, id);
    if (made !== undefined) {
      guest.receive(id, made);
      return true;
    }
    const found = loadBuiltin(text(id, ${limits.nameLengthMax}));
    if (typeof found === 'boolean') return found;
    guest.receive(id, typeof found === 'string' ? compile(found) : (exports, require, module) => { module.exports = found; });
    return true;
  };
  calls.nativeModule = () => native;
  const guest = __isothermBoot(calls);
  return guest;`;

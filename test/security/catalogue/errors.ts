/** Class E: errors as a weapon. The engine reads what was thrown inside the isolate, under the deadline, and cuts it. */
import { answered, anyOf, exited, failed, type Program, timedOut } from './program.ts';

const cjs = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;

export const errors: readonly Program[] = [
  {
    id: 'E01',
    title: 'a getter for message loops',
    source: cjs(`throw Object.defineProperty(new Error('m'), 'message', { get() { for (;;); } });`),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E02',
    title: 'a getter for stack loops',
    source: cjs(`throw Object.defineProperty(new Error('m'), 'stack', { get() { for (;;); } });`),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E03',
    title: 'a getter for name loops',
    source: cjs(`throw Object.defineProperty(new Error('m'), 'name', { get() { for (;;); } });`),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E04',
    title: 'the message is an object whose conversion loops',
    source: cjs(
      `throw Object.assign(new Error('m'), { message: { toString() { for (;;); }, valueOf() { for (;;); } } });`,
    ),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E05',
    title: 'a Proxy is thrown whose every trap loops',
    source: cjs(`
      const loop = () => { for (;;); };
      throw new Proxy(new Error('m'), { get: loop, has: loop, ownKeys: loop, getPrototypeOf: loop, getOwnPropertyDescriptor: loop });`),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E06',
    title: 'Error.prepareStackTrace loops',
    source: `Error.prepareStackTrace = () => { for (;;); }; exports.handler = async () => null.x;`,
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E07',
    title: 'a rejection whose reason is a revoked Proxy',
    source: cjs('const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return Promise.reject(proxy);'),
    expect: failed(/./),
  },
  {
    id: 'E08',
    title: 'what is no error is thrown',
    source: `
      const things = [null, undefined, 'text', 7, 7n, Symbol('s'), () => 1, [], Object.create(null)];
      let next = 0;
      exports.handler = async () => { throw things[next++ % things.length]; };`,
    calls: Array.from({ length: 9 }, () => ({ expect: failed(/./) })),
  },
  {
    id: 'E09',
    title: 'a message of 20 MB',
    source: cjs(`throw new Error('x'.repeat(2e7));`),
    expect: failed('Error'),
  },
  {
    id: 'E10',
    title: 'a stack of 20 MB, and a name of 20 MB',
    source: cjs(
      `const error = new Error('m'); error.stack = 'x'.repeat(2e7); error.name = 'N'.repeat(2e7); throw error;`,
    ),
    expect: failed(/^N{1,32768}$/),
  },
  {
    id: 'E11',
    title: 'an error that calls itself a timeout of the platform',
    source: cjs(
      `throw Object.assign(new Error('Task timed out after 1.00 seconds'), { name: 'Sandbox.Timedout', errorType: 'Sandbox.Timedout', kind: 'timeout' });`,
    ),
    expect: failed('Sandbox.Timedout'),
  },
  {
    id: 'E12',
    title: 'an AggregateError that is its own cause',
    source: cjs(
      `const error = new AggregateError([new Error('a')], 'agg'); error.cause = error; error.errors.push(error); throw error;`,
    ),
    expect: failed('AggregateError'),
  },
  {
    id: 'E13',
    title: 'causes 100,000 deep',
    source: cjs(
      `let error = new Error('0'); for (let i = 0; i < 1e5; i++) error = new Error('e', { cause: error }); throw error;`,
    ),
    expect: failed(/./),
  },
  {
    id: 'E14',
    title: 'an uncaught exception from a timer, with a hostile stack',
    source: cjs(`
      setTimeout(() => { throw Object.defineProperty(new Error('late'), 'stack', { get() { for (;;); } }); }, 1);
      await new Promise(() => {});`),
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E15',
    title: 'an error of a host call belongs to the guest’s realm and names no path of the host',
    source: cjs(`
      const errors = [];
      const take = (error) => errors.push(error);
      await fetch('ftp://bad').catch(take);
      await fetch('http://127.0.0.1:1/').catch(take);
      await require('node:fs/promises').readFile('/nowhere').catch(take);
      await require('node:dns/promises').lookup('nowhere.example').catch(take);
      try { require('node:crypto').createCipheriv('none', 'k', 'v'); } catch (error) { take(error); }
      try { require('node:zlib').gunzipSync('no zip'); } catch (error) { take(error); }
      try { require('node:child_process').execSync('id'); } catch (error) { take(error); }
      return errors.map((error) => [
        error instanceof Error,
        /isotherm\\/(src|dist)|sandbox\\/|node_modules\\/isolated-vm|\\/home\\/|file:\\/\\//.test(error.stack + error.cause?.stack),
        error.constructor.constructor('return this')() === globalThis,
      ]);`),
    expect: answered(Array.from({ length: 7 }, () => [true, false, true])),
  },
  {
    id: 'E16',
    title: 'Symbol.hasInstance and Symbol.toStringTag of Error loop',
    source: `
      Object.defineProperty(Error, Symbol.hasInstance, { value: () => { for (;;); } });
      Object.defineProperty(Error.prototype, Symbol.toStringTag, { get() { for (;;); } });
      exports.handler = async () => { throw new TypeError('m'); };`,
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E17',
    title: 'thrown at the very edge of the stack',
    source: cjs(`
      const deeper = () => { try { return deeper(); } catch (error) { return deeper.call(null, error); } };
      const down = () => { down(); };
      try { down(); } catch (error) { throw error; }`),
    expect: failed('RangeError'),
  },
  {
    id: 'E18',
    title: 'a stack without limit, 10,000 frames deep',
    source: cjs(`
      Error.stackTraceLimit = Infinity;
      const down = (n) => { if (n === 0) throw new Error('deep'); down(n - 1); };
      down(5000);`),
    expect: failed('Error'),
  },
  {
    id: 'E19',
    title: 'a message that forges lines of the platform',
    source: cjs(`throw new Error('m\\nEND RequestId: 0\\nREPORT RequestId: 0\\tDuration: 1 ms\\r\\n\\u001b[2Jgone');`),
    expect: failed('Error'),
  },
  {
    id: 'E20',
    title: 'handlers of uncaught exceptions that throw again',
    source: `
      process.on('uncaughtException', (error) => { throw error; });
      process.on('unhandledRejection', (error) => { throw error; });
      exports.handler = async () => { setTimeout(() => { throw new Error('once'); }); await new Promise(() => {}); };`,
    expect: anyOf(failed(/./), timedOut, exited),
  },
  {
    id: 'E21',
    title: 'handlers of rejections that reject for ever',
    source: `
      process.on('unhandledRejection', () => { Promise.reject(new Error('again')); });
      exports.handler = async () => { Promise.reject(new Error('first')); await new Promise(() => {}); };`,
    expect: anyOf(failed(/./), timedOut, exited),
  },
  {
    id: 'E22',
    title: 'own inspection of an error loops where it is logged',
    source: cjs(`
      const error = new Error('m');
      error[Symbol.for('nodejs.util.inspect.custom')] = () => { for (;;); };
      console.error(error);
      return 1;`),
    expect: timedOut,
  },
  {
    id: 'E23',
    title: 'an error in init, with a getter that loops',
    harmAt: 'init',
    source: `throw Object.defineProperty(new Error('m'), 'stack', { get() { for (;;); } });`,
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'E24',
    title: 'CallSites handed to prepareStackTrace lead nowhere',
    source: cjs(`
      Error.prepareStackTrace = (_, sites) => sites;
      const reached = [];
      for (const make of [() => null.x, () => JSON.parse('{'), () => require('node:fs').readFileSync('/nowhere'), () => new URL('::')]) {
        try { make(); } catch (error) {
          for (const site of error.stack ?? []) {
            const own = site.getThis?.();
            const code = site.getFunction?.();
            const file = String(site.getFileName?.() ?? '');
            if (own !== undefined && own !== null && own !== globalThis && !Object.prototype.isPrototypeOf(own)) reached.push('this');
            if (code !== undefined && !Function.prototype.isPrototypeOf(code)) reached.push('function');
            if (/isolated-vm|isotherm\\/src|\\/home\\//.test(file)) reached.push(file);
          }
        }
      }
      Error.prepareStackTrace = undefined;
      return reached;`),
    expect: answered([]),
  },
];

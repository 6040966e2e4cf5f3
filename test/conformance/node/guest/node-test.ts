/**
 * As much of `node:test` as Node's own tests use: tests and suites one after the other, hooks, `t.mock.fn` and `t.mock.method`.
 * For the harness only; guests are not offered it. A failure is an uncaught error, so the file fails.
 */
import assert from 'node:assert';

type Body = ((context: Context, done?: (error?: unknown) => void) => unknown) | undefined;
interface Options {
  readonly skip?: boolean | string;
  readonly todo?: boolean | string;
  readonly only?: boolean;
}
interface Suite {
  readonly before: Body[];
  readonly after: Body[];
  readonly beforeEach: Body[];
  readonly afterEach: Body[];
  readonly parent: Suite | undefined;
}

const newSuite = (parent: Suite | undefined): Suite => ({
  before: [],
  after: [],
  beforeEach: [],
  afterEach: [],
  parent,
});

const root = newSuite(undefined);
let current = root;
let tail: Promise<void> = Promise.resolve();
let pending = 0;

class MockCalls {
  readonly calls: object[] = [];
  callCount(): number {
    return this.calls.length;
  }
  resetCalls(): void {
    this.calls.length = 0;
  }
  restore: () => void = () => {};
  mockImplementation: (implementation: Function_) => void = () => {};
  mockImplementationOnce: (implementation: Function_, call?: number) => void = () => {};
}

type Function_ = (...args: unknown[]) => unknown;

class Mock {
  readonly #restores: (() => void)[] = [];

  fn(original: Function_ = () => undefined, implementation: Function_ = original): Function_ {
    const mock = new MockCalls();
    let implemented = implementation;
    mock.mockImplementation = (next) => {
      implemented = next;
    };
    const onceNext = new Map<number, Function_>();
    mock.mockImplementationOnce = (next, call = mock.calls.length) => void onceNext.set(call, next);
    const mocked = function (this: unknown, ...args: unknown[]): unknown {
      const call: Record<string, unknown> = {
        arguments: args,
        this: this,
        target: new.target,
        error: undefined,
        result: undefined,
      };
      const run = onceNext.get(mock.calls.length) ?? implemented;
      mock.calls.push(call);
      try {
        const result = new.target === undefined ? run.apply(this, args) : Reflect.construct(run, args, new.target);
        call.result = result;
        return result;
      } catch (error) {
        call.error = error;
        throw error;
      }
    };
    Object.defineProperties(mocked, {
      mock: { value: mock },
      name: { value: original.name },
      length: { value: original.length },
    });
    return mocked;
  }

  method(
    target: object,
    name: PropertyKey,
    implementation?: Function_ | { getter?: boolean; setter?: boolean },
  ): Function_ {
    let owner: object | null = target;
    while (owner !== null && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner);
    const descriptor = owner === null ? undefined : Object.getOwnPropertyDescriptor(owner, name);
    const original = (descriptor?.value ?? descriptor?.get ?? (() => undefined)) as Function_;
    const mocked = this.fn(original, typeof implementation === 'function' ? implementation : original);
    const isGetter = descriptor?.get !== undefined;
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: descriptor?.enumerable ?? true,
      ...(isGetter ? { get: mocked } : { value: mocked, writable: true }),
    });
    const restore = (): void => {
      if (owner === target && descriptor !== undefined) Object.defineProperty(target, name, descriptor);
      else Reflect.deleteProperty(target, name);
    };
    (mocked as unknown as { mock: MockCalls }).mock.restore = restore;
    this.#restores.push(restore);
    return mocked;
  }

  getter(target: object, name: PropertyKey, implementation?: Function_): Function_ {
    return this.method(target, name, implementation);
  }

  restoreAll(): void {
    for (const restore of this.#restores.splice(0)) restore();
  }
  reset(): void {
    this.restoreAll();
  }
}

class Context {
  readonly name: string;
  readonly mock = new Mock();
  readonly signal = new AbortController().signal;
  readonly afters: Body[] = [];
  readonly assert: Record<string, unknown>;
  #planned: number | undefined;
  #asserted = 0;

  constructor(name: string) {
    this.name = name;
    this.assert = {};
    for (const [key, value] of Object.entries(assert)) {
      if (typeof value !== 'function') continue;
      this.assert[key] = (...args: unknown[]) => {
        this.#asserted += 1;
        return (value as Function_)(...args);
      };
    }
  }

  readonly test = (...args: TestArgs): Promise<void> => {
    this.#asserted += 1;
    const { name, body, options } = parse(args);
    return isSkipped(options) ? Promise.resolve() : runBody(name, body);
  };

  plan(count: number): void {
    this.#planned = count;
  }
  diagnostic(): void {}
  skip(): void {}
  todo(): void {}
  after(body: Body): void {
    this.afters.push(body);
  }
  before(body: Body): unknown {
    return body?.(this);
  }
  beforeEach(): void {}
  afterEach(): void {}

  async end(): Promise<void> {
    for (const after of this.afters) await after?.(this);
    this.mock.restoreAll();
    if (this.#planned !== undefined) assert.strictEqual(this.#asserted, this.#planned, 'plan');
  }
}

type TestArgs = readonly [(string | Body | Options)?, (Body | Options)?, Body?];

function parse(args: TestArgs): { name: string; options: Options; body: Body } {
  const name = args.find((arg) => typeof arg === 'string') ?? '';
  const body = args.find((arg) => typeof arg === 'function') as Body;
  const options = args.find((arg) => typeof arg === 'object' && arg !== null) as Options | undefined;
  return { name, options: options ?? {}, body };
}

function isSkipped({ skip, todo }: Options): boolean {
  return (skip !== undefined && skip !== false) || (todo !== undefined && todo !== false);
}

/** A body with a second parameter calls it when it is done. */
async function call(body: Body, context: Context): Promise<void> {
  if (body === undefined) return;
  if (body.length < 2) {
    await body(context);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    body(context, (error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

async function runBody(name: string, body: Body): Promise<void> {
  const context = new Context(name);
  try {
    await call(body, context);
  } finally {
    await context.end();
  }
}

const chain = (suite: Suite | undefined): Suite[] => (suite === undefined ? [] : [...chain(suite.parent), suite]);

function enqueue(work: () => Promise<void>): Promise<void> {
  pending += 1;
  const done = tail.then(work).then(() => {
    pending -= 1;
  });
  // The first failure ends the file; what stands behind it does not run.
  done.catch((error: unknown) => {
    process.nextTick(() => {
      throw error;
    });
  });
  tail = done;
  return done;
}

process.on('exit', (status) => {
  if (status === 0 && pending > 0) throw new Error(`${pending} tests did not end`);
});

function test(...args: TestArgs): Promise<void> {
  const { name, body, options } = parse(args);
  if (isSkipped(options)) return Promise.resolve();
  const suite = current;
  return enqueue(async () => {
    const suites = chain(suite);
    const context = new Context(name);
    for (const { beforeEach } of suites) for (const hook of beforeEach) await call(hook, context);
    try {
      await call(body, context);
    } finally {
      await context.end();
      for (const { afterEach } of suites.reverse()) for (const hook of afterEach) await call(hook, context);
    }
  });
}

function describe(...args: TestArgs): Promise<void> {
  const { name, body, options } = parse(args);
  if (isSkipped(options)) return Promise.resolve();
  const suite = newSuite(current);
  const before = current;
  const context = new Context(name);
  enqueue(async () => {
    for (const hook of suite.before) await call(hook, context);
  });
  current = suite;
  try {
    body?.(context);
  } finally {
    current = before;
  }
  return enqueue(async () => {
    for (const hook of suite.after) await call(hook, context);
  });
}

const hook = (name: 'before' | 'after' | 'beforeEach' | 'afterEach') => (body: Body) => {
  current[name].push(body);
  if (current !== root) return;
  if (name === 'before') enqueue(() => call(body, new Context('before')));
  if (name === 'after') process.on('beforeExit', () => void call(body, new Context('after')));
};

const modes = { skip: () => {}, todo: () => {} };
Object.assign(test, modes, { only: test });
Object.assign(describe, modes, { only: describe });

const mock = new Mock();
module.exports = Object.assign(test, {
  test,
  it: test,
  describe,
  suite: describe,
  mock,
  before: hook('before'),
  after: hook('after'),
  beforeEach: hook('beforeEach'),
  afterEach: hook('afterEach'),
  default: test,
});

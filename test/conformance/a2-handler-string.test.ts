/** LAMBDA.md A2: the handler string, and loading the module it names. */
import test from 'ava';
import { errorOf, Lambda, linesOf, ric3, ric4 } from './lambda.ts';

const lambda = new Lambda(test);
const both = [ric3, ric4] as const;

function returning(value: string): string {
  return `exports.handler = async () => ${JSON.stringify(value)};`;
}

test.serial('A2.1 a handler string with .. is malformed', async (t) => {
  const f = await lambda.deploy(returning('x'), ric3, { handler: '../index.handler' });
  const result = await f.invoke();
  t.is(result.functionError, 'Unhandled');
  t.like(errorOf(result), {
    errorType: 'Runtime.MalformedHandlerName',
    errorMessage:
      "'../index.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names.",
  });
});

test.serial('A2.2 no dot in the last segment: Bad handler', async (t) => {
  const f = await lambda.deploy(returning('x'), ric3, { handler: 'lib/index' });
  t.like(errorOf(await f.invoke()), { errorType: 'Runtime.MalformedHandlerName', errorMessage: 'Bad handler' });
});

test.serial('A2.2 what stands before the last slash is the module’s folder', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deployFiles({ 'src/lib/api.js': returning('nested') }, runtime, {
      handler: 'src/lib/api.handler',
    });
    t.is((await f.invoke()).json, 'nested');
    const absolute = await lambda.deployFiles({ 'src/api.js': returning('absolute') }, runtime, {
      handler: '/var/task/src/api.handler',
    });
    t.is((await absolute.invoke()).json, 'absolute');
  }
});

test.serial('A2.3 the export path is dotted', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy('exports.a = { b: { handler: async () => "deep" } };', runtime, {
      handler: 'index.a.b.handler',
    });
    t.is((await f.invoke()).json, 'deep');
  }
});

test.serial('A2.4 .js wins over .mjs, .mjs over .cjs, and an exact name over all', async (t) => {
  const mjs = 'export const handler = async () => "mjs";';
  const cases: [Record<string, string>, string][] = [
    [{ 'index.js': returning('js'), 'index.mjs': mjs, 'index.cjs': returning('cjs') }, 'js'],
    [{ 'index.mjs': mjs, 'index.cjs': returning('cjs') }, 'mjs'],
    [{ 'index.cjs': returning('cjs') }, 'cjs'],
    [{ index: returning('exact'), 'index.js': returning('js') }, 'exact'],
    [{ 'package.json': '{"type":"module"}', 'index.js': 'export const handler = async () => "esm js";' }, 'esm js'],
  ];
  for (const [files, expected] of cases) {
    const f = await lambda.deployFiles(files, ric3);
    t.is((await f.invoke()).json, expected);
  }
});

test.serial('A2.4 the last place is node_modules', async (t) => {
  const f = await lambda.deployFiles({ 'node_modules/pkg/index.js': returning('from a package') }, ric3, {
    handler: 'pkg.handler',
  });
  t.is((await f.invoke()).json, 'from a package');
});

test.serial('A2.5 the package.json lookup stops at node_modules; an invalid one is ignored', async (t) => {
  const inPackage = await lambda.deployFiles(
    { 'package.json': '{"type":"module"}', 'node_modules/pkg/index.js': returning('commonjs') },
    ric3,
    { handler: 'node_modules/pkg/index.handler' },
  );
  t.is((await inPackage.invoke()).json, 'commonjs');
  const invalid = await lambda.deployFiles({ 'package.json': '{', 'index.js': returning('still') }, ric3);
  t.is((await invalid.invoke()).json, 'still');
});

test.serial('A2.6 an extensionless file is CommonJS even under type module', async (t) => {
  const f = await lambda.deployFiles({ 'package.json': '{"type":"module"}', index: returning('commonjs') }, ric3);
  t.is((await f.invoke()).json, 'commonjs');
});

test.serial('A2.7 top-level await is part of init; its rejection is the init error as is', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      `const late = await new Promise((resolve) => setTimeout(resolve, 5, 'awaited'));
       export const handler = async () => late;`,
      runtime,
      { fileName: 'index.mjs' },
    );
    t.is((await f.invoke()).json, 'awaited');
    const rejecting = await lambda.deploy(
      `await Promise.reject(new RangeError('from the top'));
       export const handler = async () => 1;`,
      runtime,
      { fileName: 'index.mjs' },
    );
    t.like(errorOf(await rejecting.invoke()), { errorType: 'RangeError', errorMessage: 'from the top' });
  }
});

test.serial('A2.8 index.default is the default export', async (t) => {
  for (const runtime of both) {
    const esm = await lambda.deploy('export default async () => "esm";', runtime, {
      fileName: 'index.mjs',
      handler: 'index.default',
    });
    t.is((await esm.invoke()).json, 'esm');
    const cjs = await lambda.deploy('exports.default = async () => "cjs";', runtime, { handler: 'index.default' });
    t.is((await cjs.invoke()).json, 'cjs');
  }
});

test.serial('A2.9 an export that is missing or no function', async (t) => {
  for (const runtime of both) {
    const missing = await lambda.deploy('exports.other = 1;', runtime);
    t.like(errorOf(await missing.invoke()), {
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: 'index.handler is undefined or not exported',
    });
    const wrong = await lambda.deploy('exports.handler = { not: "a function" };', runtime);
    t.like(errorOf(await wrong.invoke()), {
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: 'index.handler is not a function',
    });
  }
});

test.serial('A2.10 a SyntaxError is Runtime.UserCodeSyntaxError', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy('exports.handler = async () => {\n  const = 1;\n};', runtime);
    const result = await f.invoke();
    t.is(errorOf(result).errorType, 'Runtime.UserCodeSyntaxError');
    t.regex(String(errorOf(result).errorMessage), /^SyntaxError: /);
  }
});

test.serial('A2.10 a missing module is Runtime.ImportModuleError', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy("require('not-there'); exports.handler = async () => 1;", runtime);
    const result = await f.invoke();
    t.is(errorOf(result).errorType, 'Runtime.ImportModuleError');
    t.true(
      String(errorOf(result).errorMessage).startsWith(
        "Error: Cannot find module 'not-there'\nRequire stack:\n- /var/task/index.js",
      ),
    );
  }
  const noFile = await lambda.deploy(returning('x'), ric3, { handler: 'nope.handler' });
  t.is(errorOf(await noFile.invoke()).errorType, 'Runtime.ImportModuleError');
});

test.serial('A2.10 anything else passes through', async (t) => {
  const f = await lambda.deploy("class Odd extends Error { name = 'Odd' }; throw new Odd('at load');", ric3);
  t.like(errorOf(await f.invoke()), { errorType: 'Odd', errorMessage: 'at load' });
});

test.serial('A2.11 these are init errors', async (t) => {
  const f = await lambda.deploy('exports.other = 1;', ric3);
  const result = await f.invoke();
  t.is(result.statusCode, 200);
  t.is(result.report.errorType, 'Runtime.HandlerNotFound');
  t.like(f.eventsOf('platform.initReport')[0], {
    phase: 'init',
    status: 'error',
    errorType: 'Runtime.HandlerNotFound',
  });
});

test.serial('A2.12 Node 24 looks on the default export too, and logs Init Error', async (t) => {
  const f = await lambda.deploy('export default { handler: async () => "inside" };', ric4, { fileName: 'index.mjs' });
  t.is((await f.invoke()).json, 'inside');
  const failing = await lambda.deploy('throw new Error("at load");', ric4);
  await failing.invoke();
  t.true(linesOf(failing.log)[0]?.startsWith('-\tERROR\tInit Error \t{"errorType":"Error","errorMessage":"at load"'));
});

test.serial('A2.13 LAMBDA_TASK_ROOT, _HANDLER and the working directory', async (t) => {
  const f = await lambda.deploy(
    'exports.handler = async () => [process.env.LAMBDA_TASK_ROOT, process.env._HANDLER, process.cwd(), __filename, __dirname];',
    ric3,
  );
  t.deepEqual((await f.invoke()).json, ['/var/task', 'index.handler', '/var/task', '/var/task/index.js', '/var/task']);
});

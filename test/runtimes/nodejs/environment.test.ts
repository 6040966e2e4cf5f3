import test from 'ava';
import { environmentVariables } from '../../../runtimes/nodejs/environment.ts';
import { defaultSettings, FakeGuest } from '../../fixtures/fake-guest.ts';

test('F1.1 the variables that Lambda sets', (t) => {
  const variables = environmentVariables({ ...defaultSettings, runtime: 'nodejs22.x' });
  t.like(variables, {
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x',
    AWS_LAMBDA_FUNCTION_NAME: 'tested',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/tested',
    AWS_LAMBDA_LOG_STREAM_NAME: defaultSettings.logStreamName,
    AWS_LAMBDA_RUNTIME_API: '169.254.100.1:9001',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '169.254.100.1:2000',
    _AWS_XRAY_DAEMON_ADDRESS: '169.254.100.1',
    _AWS_XRAY_DAEMON_PORT: '2000',
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    LAMBDA_TASK_ROOT: '/var/task',
    LANG: 'en_US.UTF-8',
    NODE_PATH:
      '/opt/nodejs/node22/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    PWD: '/var/task',
    SHLVL: '0',
    TZ: ':UTC',
    _HANDLER: 'index.handler',
  });
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'LD_LIBRARY_PATH']) {
    t.is(typeof variables[name], 'string');
  }
  t.false('AWS_LAMBDA_LOG_FORMAT' in variables);
});

test('F1.2 the user overrides defaults, the platform overrides the user', (t) => {
  const environment = { TZ: 'Europe/Berlin', PATH: '/mine', OWN: 'x', AWS_REGION: 'moon-1', _HANDLER: 'other' };
  t.like(environmentVariables({ ...defaultSettings, environment }), {
    TZ: 'Europe/Berlin',
    PATH: '/mine',
    OWN: 'x',
    AWS_REGION: 'us-east-1',
    _HANDLER: 'index.handler',
  });
});

test('the first runtime has no version in NODE_PATH', (t) => {
  const { NODE_PATH } = environmentVariables({ ...defaultSettings, runtime: 'nodejs' });
  t.is(NODE_PATH, '/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task');
});

test('F1.3 the variables are in process.env, and changes stay', async (t) => {
  const guest = await new FakeGuest({ environment: { OWN: 'x' } }).initWith(() => {
    const seen = guest.process.env.OWN;
    guest.process.env.OWN = 'changed';
    return seen;
  });
  t.like(await guest.answer(), { text: '"x"' });
  t.like(await guest.answer(), { text: '"changed"' });
});

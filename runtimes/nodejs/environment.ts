/**
 * The environment variables that a function sees (LAMBDA.md F1.1, F1.2): defaults that a user may override, then the user's own,
 * then those of the platform, which win. There is no account behind the credentials: they are there because SDK clients look for
 * some, and open nothing.
 */
import type { GuestSettings } from '../../src/bridge/contract.ts';
import { region } from '../../src/model/function-configuration.ts';
import { indexOf, slice } from './primordials.ts';

export function environmentVariables(settings: GuestSettings): Record<string, string> {
  return { ...overridable(settings), ...settings.environment, ...reserved(settings), ...logging(settings) };
}

function overridable({ runtime }: GuestSettings): Record<string, string> {
  // `nodejs22.x` has the number 22; the first runtime has none.
  const major = slice(runtime, 'nodejs'.length, indexOf(runtime, '.'));
  const nodeModules = major === '' ? '' : `/opt/nodejs/node${major}/node_modules:`;
  return {
    LANG: 'en_US.UTF-8',
    LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
    NODE_PATH: `${nodeModules}/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task`,
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    TZ: ':UTC',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '169.254.100.1:2000',
    PWD: '/var/task',
    SHLVL: '0',
  };
}

function reserved(settings: GuestSettings): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: 'isotherm',
    AWS_SECRET_ACCESS_KEY: 'isotherm',
    AWS_SESSION_TOKEN: 'isotherm',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${settings.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: settings.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: settings.functionVersion,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${settings.memorySize}`,
    AWS_LAMBDA_INITIALIZATION_TYPE: settings.initializationType,
    AWS_LAMBDA_LOG_GROUP_NAME: settings.logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: settings.logStreamName,
    AWS_LAMBDA_RUNTIME_API: '169.254.100.1:9001',
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    LAMBDA_TASK_ROOT: '/var/task',
    _AWS_XRAY_DAEMON_ADDRESS: '169.254.100.1',
    _AWS_XRAY_DAEMON_PORT: '2000',
    _HANDLER: settings.handler,
  };
}

/** Only functions with the JSON format are told about it (E3.1). */
function logging({ logFormat, logLevel }: GuestSettings): Record<string, string> {
  return logFormat === 'JSON' ? { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: logLevel } : {};
}

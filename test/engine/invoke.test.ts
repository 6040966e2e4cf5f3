import test from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import { SandboxUnreadError } from '../../src/supervisor/sandbox-port.ts';
import { created, invoked, never, scriptedEngine, text } from './scripted-fleet.ts';

test('a cold call creates and invokes, and the next one is warm', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'greet' });
  const cold = await engine.invoke({ functionName: 'greet', payload: '{"name":"Ada"}' });
  t.is(text(cold.payload), '"ok"');
  t.like(cold, { statusCode: 200, executedVersion: '$LATEST' });
  t.false('functionError' in cold);
  t.like(cold.report, {
    coldStart: true,
    durationMs: 3.01,
    initDurationMs: 12.5,
    billedDurationMs: 16,
    memorySizeMB: 128,
    maxMemoryUsedMB: 30,
  });
  t.false('status' in (cold.report ?? {}));

  const warm = await engine.invoke({ functionName: 'greet' });
  t.like(warm.report, { coldStart: false, billedDurationMs: 4, environmentId: cold.report?.environmentId });
  t.false('initDurationMs' in (warm.report ?? {}));

  const [sandbox] = fleet.sandboxes;
  t.is(sandbox?.creates.length, 1);
  t.deepEqual(
    sandbox?.invokes.map(({ payload }) => text(payload)),
    ['{"name":"Ada"}', '{}'],
  );
  t.like(sandbox?.invokes[0], {
    requestId: cold.requestId,
    timeoutMs: 3000,
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:greet',
  });
  t.regex(sandbox?.creates[0]?.logStreamName ?? '', /^2026\/02\/03\/\[\$LATEST\][0-9a-f]{32}$/);
});

test('an invocation that its sandbox had not read runs elsewhere, and nobody is blamed', async (t) => {
  const { engine, fleet, registry, events } = scriptedEngine();
  registry.put({ functionName: 'greet' });
  await engine.invoke({ functionName: 'greet' });
  fleet.onInvoke = (_spec, sandbox) => {
    if (sandbox !== fleet.sandboxes[0]) return invoked({ kind: 'success' }, '"elsewhere"');
    throw new SandboxUnreadError('killed');
  };
  // Why the first one ended is never told: nothing waits for that.
  const { payload, report } = await engine.invoke({ functionName: 'greet', payload: '{"name":"Ada"}' });
  t.is(text(payload), '"elsewhere"');
  t.like(report, { coldStart: true });
  t.deepEqual(
    fleet.sandboxes[1]?.invokes.map((spec) => text(spec.payload)),
    ['{"name":"Ada"}'],
  );
  t.false(events.some(({ type }) => type === 'function.secluded'));
});

test('the lines of a cold call come in the order of Lambda', async (t) => {
  const { engine, fleet, registry, log } = scriptedEngine();
  registry.put({ functionName: 'greet' });
  fleet.onCreate = (spec) => {
    spec.onLog({ kind: 'line', text: 'init line\n' });
    return created();
  };
  fleet.onInvoke = (spec) => {
    spec.onLog({ kind: 'raw', text: 'half a ' });
    spec.onLog({ kind: 'raw', text: 'line\nunfinished' });
    spec.onLog({ kind: 'line', text: 'handler line\n' });
    return invoked();
  };
  const { requestId } = await engine.invoke({ functionName: 'greet' });
  t.is(
    log(),
    [
      'INIT_START Runtime Version: nodejs:22.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:nodejs22.x',
      'init line',
      `START RequestId: ${requestId} Version: $LATEST`,
      'half a line',
      'unfinished',
      'handler line',
      `END RequestId: ${requestId}`,
      `REPORT RequestId: ${requestId}\tDuration: 3.01 ms\tBilled Duration: 16 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 12.50 ms\t`,
      '',
    ].join('\n'),
  );
});

test('output that arrives in the same turn as the answer to create still comes after START', async (t) => {
  const { engine, fleet, registry, log } = scriptedEngine();
  registry.put({ functionName: 'greet' });
  fleet.onCreate = async (_spec, sandbox) => {
    // The frames of both arrive in one chunk: the log is delivered before any promise callback runs.
    queueMicrotask(() => sandbox.invokes[0]?.onLog({ kind: 'line', text: 'early\n' }));
    return created({ status: 'error', durationMs: 5, errorType: 'Runtime.UserCodeSyntaxError' });
  };
  fleet.onInvoke = () => invoked({ kind: 'success' }, '1', { init: { status: 'success', durationMs: 1 } });
  const { requestId } = await engine.invoke({ functionName: 'greet' });
  const lines = log().split('\n');
  t.is(
    lines[1],
    'INIT_REPORT Init Duration: 5.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.UserCodeSyntaxError',
  );
  t.is(lines[2], `START RequestId: ${requestId} Version: $LATEST`);
  t.is(lines[3], 'early');
});

test('a failing init is told twice, before START, and its error is the answer', async (t) => {
  const { engine, fleet, registry, log } = scriptedEngine();
  registry.put({ functionName: 'broken' });
  const errorType = 'Runtime.UserCodeSyntaxError';
  fleet.onCreate = (spec) => {
    spec.onLog({ kind: 'line', text: 'error line\n' });
    return created({ status: 'error', durationMs: 150.159, errorType });
  };
  fleet.onInvoke = (spec) => {
    spec.onLog({ kind: 'line', text: 'error line\n' });
    return invoked({ kind: 'init-error', errorType }, `{"errorType":"${errorType}"}`, {
      durationMs: 100.5,
      init: { status: 'error', durationMs: 100.2, errorType },
    });
  };
  const result = await engine.invoke({ functionName: 'broken' });
  t.is(result.functionError, 'Unhandled');
  t.is(text(result.payload), `{"errorType":"${errorType}"}`);
  t.is(
    log(),
    [
      'INIT_START Runtime Version: nodejs:22.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:nodejs22.x',
      'error line',
      `INIT_REPORT Init Duration: 150.16 ms\tPhase: init\tStatus: error\tError Type: ${errorType}`,
      'error line',
      `INIT_REPORT Init Duration: 100.20 ms\tPhase: invoke\tStatus: error\tError Type: ${errorType}`,
      `START RequestId: ${result.requestId} Version: $LATEST`,
      `END RequestId: ${result.requestId}`,
      `REPORT RequestId: ${result.requestId}\tDuration: 100.50 ms\tBilled Duration: 101 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\tStatus: error\tError Type: ${errorType}`,
      '',
    ].join('\n'),
  );
  // Never cached as permanently failed: the next one initialises again (B3.7).
  fleet.onInvoke = () => invoked();
  const next = await engine.invoke({ functionName: 'broken' });
  t.is(text(next.payload), '"ok"');
});

test('a timeout reports the limit, and its heir inherits /tmp and the log stream', async (t) => {
  const { engine, fleet, registry, log } = scriptedEngine();
  registry.put({ functionName: 'slow', timeout: 1 });
  fleet.onInvoke = () => invoked({ kind: 'timeout' }, '', { durationMs: 1004.2 });
  const result = await engine.invoke({ functionName: 'slow' });
  t.is(
    text(result.payload),
    `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ${result.requestId} Error: Task timed out after 1.00 seconds"}`,
  );
  t.like(result.report, { durationMs: 1000, status: 'timeout' });
  t.true(log().includes(`2026-02-03T04:05:06.789Z ${result.requestId} Task timed out after 1.00 seconds\n\nEND `));
  t.true(log().includes('\tDuration: 1000.00 ms\tBilled Duration: 1013 ms\t'));
  t.true(log().endsWith('\tStatus: timeout\n'));

  fleet.onInvoke = () => invoked({ kind: 'success' }, '2', { init: { status: 'success', durationMs: 7 } });
  const heir = await engine.invoke({ functionName: 'slow' });
  const [sandbox] = fleet.sandboxes;
  const environmentId = result.report?.environmentId;
  t.deepEqual(sandbox?.destroys, [{ environmentId: environmentId ?? '', keepVolume: true }]);
  t.like(sandbox?.creates[1], { init: 'deferred', inheritsFrom: environmentId });
  t.is(sandbox?.creates[1]?.logStreamName, sandbox?.creates[0]?.logStreamName);
  t.not(heir.report?.environmentId, environmentId);
  // Its init ran inside the invocation: not reported beside it.
  t.false('initDurationMs' in (heir.report ?? {}));
  t.is(heir.report?.phases.initMs, 7);
});

test('a function error leaves the environment in use; an exit does not', async (t) => {
  const { engine, fleet, registry, log } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onInvoke = () => invoked({ kind: 'error', errorType: 'TypeError' }, '{"errorType":"TypeError"}');
  const failed = await engine.invoke({ functionName: 'f' });
  t.is(failed.functionError, 'Unhandled');
  t.false(log().includes('Status:'));

  fleet.onInvoke = () => invoked({ kind: 'exit', code: 1 }, '');
  const exited = await engine.invoke({ functionName: 'f' });
  t.is(exited.report?.environmentId, failed.report?.environmentId);
  t.is(
    text(exited.payload),
    `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ${exited.requestId} Error: Runtime exited with error: exit status 1"}`,
  );
  t.true(
    log().includes(
      `RequestId: ${exited.requestId} Error: Runtime exited with error: exit status 1\nRuntime.ExitError\nEND `,
    ),
  );
  const after = await engine.invoke({ functionName: 'f' });
  t.not(after.report?.environmentId, failed.report?.environmentId);
});

test('Max Memory Used is the most of the whole life of the environment', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  const sizes = [80, 20, 300];
  fleet.onInvoke = () => invoked({ kind: 'success' }, '1', { memoryPeakBytes: (sizes.shift() ?? 0) * 1024 * 1024 });
  const used: (number | undefined)[] = [];
  for (let call = 0; call < 3; call += 1) {
    const { report } = await engine.invoke({ functionName: 'f' });
    used.push(report?.maxMemoryUsedMB);
  }
  t.deepEqual(used, [80, 80, 128]);
});

test('with Tail, the result has the log from START to REPORT', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onCreate = (spec) => {
    spec.onLog({ kind: 'line', text: 'init line\n' });
    return created();
  };
  fleet.onInvoke = (spec) => {
    spec.onLog({ kind: 'line', text: 'handler line\n' });
    return invoked();
  };
  const { logResult, requestId } = await engine.invoke({ functionName: 'f', logType: 'Tail' });
  const lines = Buffer.from(logResult ?? '', 'base64')
    .toString()
    .split('\n');
  t.is(lines[0], `START RequestId: ${requestId} Version: $LATEST`);
  t.is(lines[1], 'handler line');
  t.true(lines[3]?.startsWith(`REPORT RequestId: ${requestId}\t`));
  t.is((await engine.invoke({ functionName: 'f' })).logResult, undefined);
});

test('a caller may name an invocation, with a UUID', async (t) => {
  const { engine, fleet, registry, log } = scriptedEngine();
  registry.put({ functionName: 'greet' });
  const requestId = '8f1c1f7e-3a5b-4a52-9b55-0f3d7a1c2b3d';
  const result = await engine.invoke({ functionName: 'greet', requestId });
  t.is(result.requestId, requestId);
  t.is(fleet.sandboxes[0]?.invokes[0]?.requestId, requestId);
  t.regex(log(), new RegExp(`START RequestId: ${requestId} `));
  for (const wrong of ['', '1', requestId.toUpperCase(), `${requestId}\n`]) {
    const error = await t.throwsAsync(engine.invoke({ functionName: 'greet', requestId: wrong }), {
      instanceOf: EngineError,
    });
    t.is(error.code, 'InvalidParameterValueException');
  }
});

test('a dry run checks and runs nothing', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  const dry = await engine.invoke({ functionName: 'f', invocationType: 'DryRun' });
  t.like(dry, { statusCode: 204 });
  t.is(dry.payload.byteLength, 0);
  t.false('executedVersion' in dry);
  await t.throwsAsync(engine.invoke({ functionName: 'f', invocationType: 'DryRun', payload: '{' }), {
    code: 'InvalidRequestContentException',
  });
  t.is(fleet.sandboxes.length, 0);
});

test('a qualified call carries its qualifier in the ARN; a qualifier that does not exist is not found', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  await engine.invoke({ functionName: 'f:$LATEST' });
  t.is(fleet.sandboxes[0]?.invokes[0]?.invokedFunctionArn, 'arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST');
  await t.throwsAsync(engine.invoke({ functionName: 'f', qualifier: 'live' }), {
    code: 'ResourceNotFoundException',
    message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:live',
  });
});

test('client context, identity and trace reach the sandbox decoded', async (t) => {
  const { engine, fleet, registry, log } = scriptedEngine();
  registry.put({ functionName: 'f' });
  await engine.invoke({
    functionName: 'f',
    clientContext: Buffer.from('{"custom":{"a":1}}').toString('base64'),
    cognitoIdentity: '{"cognitoIdentityId":"x"}',
    traceId: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
  });
  t.like(fleet.sandboxes[0]?.invokes[0], {
    clientContextJson: '{"custom":{"a":1}}',
    cognitoIdentityJson: '{"cognitoIdentityId":"x"}',
    traceId: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
  });
  t.true(
    log().endsWith('XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 53995c3f42cd8ad8\tSampled: true\t\n'),
  );
});

test('a sandbox that ends before the environment was made is replaced by another; the client does not notice', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onCreate = (_spec, sandbox) => {
    if (fleet.sandboxes.length > 2) return created();
    sandbox.die({ kind: 'crashed', detail: 'SIGKILL' });
    return never;
  };
  const result = await engine.invoke({ functionName: 'f' });
  t.is(text(result.payload), '"ok"');
  t.is(fleet.sandboxes.length, 3);
});

test('placing anew ends after a few times', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onCreate = (_spec, sandbox) => {
    sandbox.die({ kind: 'crashed', detail: 'SIGKILL' });
    return never;
  };
  await t.throwsAsync(engine.invoke({ functionName: 'f' }), { code: 'SandboxLost' });
  t.is(fleet.sandboxes.length, 4);
  t.like(engine.stats(), { invocations: { running: 0, failed: 1 }, environments: { total: 0 }, memoryReservedMiB: 0 });
});

test('an invocation that had begun in a sandbox that crashed is not retried', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  registry.put({ functionName: 'g' });
  let began = 0;
  fleet.onInvoke = (_spec, sandbox) => {
    began += 1;
    if (began === 2) sandbox.die({ kind: 'crashed', detail: 'it ended by SIGSEGV' });
    return never;
  };
  const lost = await Promise.allSettled([engine.invoke({ functionName: 'f' }), engine.invoke({ functionName: 'g' })]);
  for (const each of lost) {
    t.true(each.status === 'rejected' && each.reason instanceof EngineError && each.reason.code === 'SandboxLost');
  }
  t.is(began, 2);
  // Two ran in it, so neither is singled out.
  fleet.onInvoke = () => invoked();
  await engine.invoke({ functionName: 'f' });
  t.is(fleet.sandboxes.at(-1)?.trustDomain, 'domain:default');
});

test('who was alone in a sandbox that crashed lives in one of its own from then on', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  await engine.invoke({ functionName: 'f' });
  fleet.onInvoke = (_spec, sandbox) => {
    sandbox.die({ kind: 'crashed', detail: 'it ended by SIGSEGV' });
    return never;
  };
  await t.throwsAsync(engine.invoke({ functionName: 'f' }), { code: 'SandboxLost' });
  fleet.onInvoke = () => invoked();
  await engine.invoke({ functionName: 'f' });
  t.is(fleet.sandboxes.at(-1)?.trustDomain, 'function:f');
});

test('a sandbox killed at the far deadline is a timeout for whom it was killed, and a loss for its neighbours', async (t) => {
  const { engine, fleet, registry, clock } = scriptedEngine();
  registry.put({ functionName: 'runaway', timeout: 1 });
  registry.put({ functionName: 'neighbour', timeout: 3 });
  const begun: string[] = [];
  const both = Promise.withResolvers<void>();
  fleet.onInvoke = (spec) => {
    begun.push(spec.requestId);
    if (begun.length === 2) both.resolve();
    return never;
  };
  const runaway = engine.invoke({ functionName: 'runaway' });
  const neighbour = t.throwsAsync(engine.invoke({ functionName: 'neighbour' }), {
    code: 'SandboxLost',
    message: /deadline|no answer/,
  });
  await both.promise;
  clock.advance(1100);
  const [sandbox] = fleet.sandboxes;
  const suspects = [sandbox?.invokes[0]?.environmentId ?? ''];
  sandbox?.die({ kind: 'killed', reason: 'deadline', detail: 'no answer within 1100 ms', suspects });
  const result = await runaway;
  t.like(result.report, { status: 'timeout', durationMs: 1000 });
  await neighbour;

  // The runaway's next sandbox is its own; the neighbour's is not.
  fleet.onInvoke = () => invoked();
  await engine.invoke({ functionName: 'runaway' });
  await engine.invoke({ functionName: 'neighbour' });
  t.deepEqual(
    fleet.sandboxes.map(({ trustDomain }) => trustDomain),
    ['domain:default', 'function:runaway', 'domain:default'],
  );
});

test('a sandbox killed for its memory is out of memory for the only one that ran in it', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onInvoke = (_spec, sandbox) => {
    sandbox.die({ kind: 'killed', reason: 'memory', detail: '700 MiB resident' });
    return never;
  };
  const result = await engine.invoke({ functionName: 'f' });
  t.is(
    text(result.payload),
    `{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: ${result.requestId} Error: Runtime exited with error: signal: killed"}`,
  );
  t.like(result.report, { maxMemoryUsedMB: 128, status: 'error', errorType: 'Runtime.OutOfMemory' });
});

test('an init that had to be killed the hard way runs again inside the invocation, in a sandbox of its own', async (t) => {
  const { engine, fleet, registry, clock, log } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onCreate = (spec, sandbox) => {
    if (spec.init === 'deferred') return created({ status: 'deferred' });
    clock.advance(10_100);
    sandbox.die({ kind: 'killed', reason: 'deadline', detail: 'no answer', suspects: [spec.environmentId] });
    return never;
  };
  const result = await engine.invoke({ functionName: 'f' });
  t.is(text(result.payload), '"ok"');
  t.is(fleet.sandboxes.at(-1)?.trustDomain, 'function:f');
  t.regex(log(), /INIT_REPORT Init Duration: 10100\.00 ms\tPhase: init\tStatus: timeout\n/);
});

test('a sandbox that cannot be started is told to the client', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onAcquire = async () => {
    throw new Error('no processes left');
  };
  await t.throwsAsync(engine.invoke({ functionName: 'f' }), { code: 'SandboxStartFailed' });
  t.like(engine.stats(), { invocations: { running: 0 }, environments: { total: 0 }, memoryReservedMiB: 0 });
  fleet.onAcquire = async () => undefined;
  t.is(text((await engine.invoke({ functionName: 'f' })).payload), '"ok"');
});

test('a call that the sandbox cannot carry out is a platform error, and its environment is not used again', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onInvoke = () => Promise.reject(new EngineError('ServiceException', 'the sandbox could not do it'));
  await t.throwsAsync(engine.invoke({ functionName: 'f' }), { code: 'ServiceException' });
  fleet.onInvoke = () => invoked();
  t.true((await engine.invoke({ functionName: 'f' })).report?.coldStart);
});

test('aborting stops waiting; the function runs to its end and its environment is used again', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  const answer = Promise.withResolvers<ReturnType<typeof invoked>>();
  const began = Promise.withResolvers<void>();
  fleet.onInvoke = () => {
    began.resolve();
    return answer.promise;
  };
  const abort = new AbortController();
  const waiting = engine.invoke({ functionName: 'f', signal: abort.signal });
  await began.promise;
  abort.abort(new Error('enough'));
  await t.throwsAsync(waiting, { message: 'enough' });
  t.is(engine.stats().invocations.running, 1);
  answer.resolve(invoked());
  await new Promise(setImmediate);
  t.is(engine.stats().invocations.running, 0);
  fleet.onInvoke = () => invoked();
  t.false((await engine.invoke({ functionName: 'f' })).report?.coldStart);
  await t.throwsAsync(engine.invoke({ functionName: 'f', signal: abort.signal }), { message: 'enough' });
});

test('over the concurrency a call is throttled as on AWS', async (t) => {
  const { engine, fleet, registry, events } = scriptedEngine({ concurrency: 1 });
  registry.put({ functionName: 'f' });
  const answer = Promise.withResolvers<ReturnType<typeof invoked>>();
  fleet.onInvoke = () => answer.promise;
  const running = engine.invoke({ functionName: 'f' });
  const error = await t.throwsAsync<EngineError>(engine.invoke({ functionName: 'f' }), {
    code: 'TooManyRequestsException',
    message: 'Rate Exceeded.',
  });
  t.is(error?.throttleReason, 'ConcurrentInvocationLimitExceeded');
  t.is(error?.statusCode, 429);
  t.true(events.some(({ type }) => type === 'invocation.throttled'));
  answer.resolve(invoked());
  await running;
  t.like(engine.stats().invocations, { total: 2, throttled: 1, failed: 0 });
});

test('an update ends idle environments of the old code at once', async (t) => {
  const { engine, fleet, registry } = scriptedEngine();
  registry.put({ functionName: 'f' });
  const { report } = await engine.invoke({ functionName: 'f' });
  await engine.functions.updateCode({ functionName: 'f', code: { source: '' } });
  await new Promise(setImmediate);
  t.deepEqual(fleet.sandboxes[0]?.destroys, [{ environmentId: report?.environmentId ?? '', keepVolume: false }]);
  t.true((await engine.invoke({ functionName: 'f' })).report?.coldStart);
  await engine.deleteFunction('f');
  t.is(engine.stats().environments.total, 0);
  await t.throwsAsync(engine.invoke({ functionName: 'f' }), { code: 'ResourceNotFoundException' });
});

test('idle environments and worn sandboxes go with time', async (t) => {
  const { engine, fleet, registry, clock } = scriptedEngine({ environmentIdleMs: 1000 });
  registry.put({ functionName: 'f' });
  await engine.invoke({ functionName: 'f' });
  const [sandbox] = fleet.sandboxes;
  if (sandbox === undefined) return t.fail();
  sandbox.worn = 'it is old';
  clock.advance(250);
  t.deepEqual(sandbox.cause, { kind: 'retired', reason: 'it is old' });
  t.is(fleet.warmed, 1);

  await engine.invoke({ functionName: 'f' });
  clock.advance(1250);
  t.is(engine.stats().environments.total, 0);
  t.deepEqual(engine.stats().sandboxes, []);
  return undefined;
});

test('close cuts what runs, tells its client, and leaves nothing', async (t) => {
  const { engine, fleet, registry, clock } = scriptedEngine();
  registry.put({ functionName: 'f' });
  fleet.onInvoke = () => never;
  const running = t.throwsAsync(engine.invoke({ functionName: 'f' }), { code: 'EngineClosed' });
  await new Promise(setImmediate);
  await Promise.all([engine.close(), engine.close()]);
  await running;
  await t.throwsAsync(engine.invoke({ functionName: 'f' }), { code: 'EngineClosed' });
  t.true(registry.closed);
  t.is(clock.timersArmed, 0);
  t.like(engine.stats(), { environments: { total: 0 }, sandboxes: [], memoryReservedMiB: 0 });
});

test('close with graceMs lets what runs come to its end', async (t) => {
  const { engine, fleet, registry, clock } = scriptedEngine();
  registry.put({ functionName: 'f' });
  const answer = Promise.withResolvers<ReturnType<typeof invoked>>();
  fleet.onInvoke = () => answer.promise;
  const running = engine.invoke({ functionName: 'f' });
  await new Promise(setImmediate);
  const closing = engine.close({ graceMs: 5000 });
  await t.throwsAsync(engine.invoke({ functionName: 'f' }), { code: 'EngineClosed' });
  answer.resolve(invoked());
  t.is(text((await running).payload), '"ok"');
  await closing;
  t.is(clock.timersArmed, 0);
});

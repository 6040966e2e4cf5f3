/** LAMBDA.md A6: response streaming, in the buffered form that a plain Invoke gets (A6.9). */
import test from 'ava';
import { errorOf, Lambda, linesOf, ric3, ric4 } from './lambda.ts';

const lambda = new Lambda(test);
const both = [ric3, ric4] as const;

function streaming(body: string): string {
  return `exports.handler = awslambda.streamifyResponse(async (event, responseStream, context) => { ${body} });`;
}

test.serial('A6.1 the global awslambda, unless the environment says no', async (t) => {
  const source = 'exports.handler = async () => typeof awslambda === "undefined" ? [] : Object.keys(awslambda).sort();';
  t.deepEqual((await (await lambda.deploy(source, ric3)).invoke()).json, ['HttpResponseStream', 'streamifyResponse']);
  t.deepEqual((await (await lambda.deploy(source, ric4)).invoke()).json, [
    'HttpResponseStream',
    'InvokeStore',
    'streamifyResponse',
  ]);
  for (const value of ['1', 'true']) {
    const f = await lambda.deploy(source, ric3, { environment: { AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: value } });
    t.deepEqual((await f.invoke()).json, []);
  }
});

test.serial('A6.2 a mark other than response is refused at init', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      `exports.handler = async () => {}; exports.handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'request';`,
      runtime,
    );
    t.like(errorOf(await f.invoke()), {
      errorType: 'Runtime.MalformedStreamingHandler',
      errorMessage: 'Only response streaming is supported.',
    });
  }
});

test.serial('A6.3 the handler is called with event, stream and context, and must return a thenable', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      streaming('responseStream.end(JSON.stringify([event, typeof responseStream.write, context.functionVersion]));'),
      runtime,
    );
    t.deepEqual((await f.invoke({ a: 1 })).json, [{ a: 1 }, 'function', '$LATEST']);
    const sync = await lambda.deploy(
      'exports.handler = awslambda.streamifyResponse((event, stream) => { stream.end("x"); });',
      runtime,
    );
    t.is(errorOf(await sync.invoke()).errorMessage, 'Streaming does not support non-async handlers.');
  }
});

test.serial('A6.4 a resolved value is discarded with a warning', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(streaming('responseStream.end("body"); return 1;'), runtime);
    const result = await f.invoke();
    t.is(result.payload, 'body');
    t.true(linesOf(result.tail).includes(`${result.requestId}\tWARN\tStreaming handlers ignore return values.`));
  }
});

test.serial('A6.5 a stream that has not finished is an error', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(streaming('responseStream.write("begun");'), runtime);
    t.is(errorOf(await f.invoke()).errorMessage, 'Response stream is not finished.');
  }
});

test.serial('A6.7 other chunks are JSON; the content type cannot be set late', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      streaming(
        'responseStream.setContentType("x/y"); responseStream.write({ a: 1 }); responseStream.end(Buffer.from("!"));',
      ),
      runtime,
    );
    t.is((await f.invoke()).payload, '{"a":1}!');
    const late = await lambda.deploy(
      streaming('responseStream.write("x"); responseStream.setContentType("x/y");'),
      runtime,
    );
    t.like(errorOf(await late.invoke()), {
      errorType: 'Runtime.InvalidStreamingOperation',
      errorMessage: 'Cannot set content-type, too late.',
    });
  }
});

test.serial('A6.8 HttpResponseStream.from writes the prelude and eight NULs before the body', async (t) => {
  const f = await lambda.deploy(
    streaming(`const http = awslambda.HttpResponseStream.from(responseStream, { statusCode: 201, headers: { a: 'b' }, cookies: [] });
      http.write('body'); http.end();`),
    ric4,
  );
  t.is((await f.invoke()).payload, `{"statusCode":201,"headers":{"a":"b"},"cookies":[]}${'\0'.repeat(8)}body`);
});

test.serial('A6.9 a plain Invoke gets what was streamed as one payload', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      `const { pipeline } = require('node:stream/promises');
       const { Readable } = require('node:stream');
       exports.handler = awslambda.streamifyResponse(async (event, stream) => {
         await pipeline(Readable.from(['one ', 'zwei ü ', 'three']), stream);
       }, { highWaterMark: 4 });`,
      runtime,
    );
    const result = await f.invoke();
    t.is(result.functionError, undefined);
    t.is(result.payload, 'one zwei ü three');
  }
});

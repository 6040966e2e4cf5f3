// `npm start`: deploys the examples, serves them on the Lambda API, invokes one cold and warm, and says what to try next.
// On a terminal it goes on serving until Ctrl-C; elsewhere (a CI job, a pipe) it ends after the demonstration.
import { createServer as createProbe } from 'node:net';
import { fileURLToPath } from 'node:url';
import { codeTargetsIn } from '../src/cli/code-target.ts';
import { createEventPrinter } from '../src/cli/print-events.ts';
import { createServer } from '../src/http/server.ts';
import { createEngine } from '../src/index.ts';

const examples = fileURLToPath(new URL('.', import.meta.url));

const say = (text = '') => process.stdout.write(`${text}\n`);

await using engine = await createEngine({ observe: createEventPrinter(process.stderr) });
for (const { functionName, code, handler } of codeTargetsIn(examples)) {
  await engine.createFunction({ functionName, code, ...(handler === undefined ? {} : { handler }) });
  say(`deployed ${functionName}`);
}

say('\ncold: a new environment, so the report has an Init Duration');
say(Buffer.from((await engine.invoke({ functionName: 'counter' })).payload).toString());
say('\nwarm: the same environment, so the count goes on');
say(Buffer.from((await engine.invoke({ functionName: 'counter' })).payload).toString());

// The first start must work, also beside another server on the usual port.
await using server = createServer({ engine });
const url = await server.listen({ host: '127.0.0.1', port: (await isFree(9001)) ? 9001 : 0 });

say(`
Try next, in another terminal:
  npx isotherm invoke examples/hello.ts --event '{"name":"Ada"}' --repeat 3
  npx isotherm invoke examples/thumbnails --handler leaky.handler --repeat 2     the classic bug of reused environments
  npx isotherm invoke examples/thumbnails --handler fixed.handler --repeat 2     and its fix
  npx node examples/saas.ts                                                      customers' functions in a back end
  npx isotherm doctor
  curl -d '{"name":"Ada"}' ${url}/2015-03-31/functions/hello/invocations
  aws --endpoint-url ${url} lambda list-functions

isotherm listening on ${url}`);

if (process.stdout.isTTY) {
  say('Ctrl-C stops it.');
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createProbe().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

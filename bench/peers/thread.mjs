// Inside a worker thread: loads the function named on the command line and answers messages.
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';

const { handler } = createRequire(import.meta.url)(process.argv[2]);
parentPort.on('message', async (payload) => {
  try {
    parentPort.postMessage({ answer: JSON.stringify(await handler(JSON.parse(payload))) });
  } catch (error) {
    parentPort.postMessage({ error: String(error) });
  }
});
parentPort.postMessage('ready');

// A Node process: loads the function named on the command line and answers messages. It ends with its parent.
import { createRequire } from 'node:module';

const { handler } = createRequire(import.meta.url)(process.argv[2]);
process.on('disconnect', () => process.exit());
process.on('message', async (payload) => {
  try {
    process.send({ answer: JSON.stringify(await handler(JSON.parse(payload))) });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
process.send('ready');

// A Deno process: loads the function named on the command line and answers each line with a line. It ends with its input.
import { createRequire } from 'node:module';

const { handler } = createRequire(import.meta.url)(Deno.args[0]);
const encoder = new TextEncoder();

async function write(line) {
  let bytes = encoder.encode(`${line}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(await Deno.stdout.write(bytes));
}

await write('ready');
const decoder = new TextDecoder();
let parts = [];
for await (const chunk of Deno.stdin.readable) {
  const text = decoder.decode(chunk, { stream: true });
  parts.push(text);
  if (!text.includes('\n')) continue;
  const lines = parts.join('').split('\n');
  parts = [lines.pop()];
  for (const line of lines) {
    try {
      await write(JSON.stringify(await handler(JSON.parse(line))));
    } catch (error) {
      await write(`!${error}`);
    }
  }
}

// Answers each request with its own JSON, parsed and serialised.
import { createServer } from 'node:http';

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  response.end(JSON.stringify(JSON.parse(Buffer.concat(chunks).toString())));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));

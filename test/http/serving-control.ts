/** The API in front of a control plane without processes, with the AWS SDK as its client: functions are deployed, and none runs. */
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { ExecutionContext } from 'ava';
import type { Engine } from '../../src/engine/engine.ts';
import { createServer } from '../../src/http/server.ts';
import { controlEngine } from './control-engine.ts';

export const role = 'arn:aws:iam::000000000000:role/any';

export interface ServingControl {
  readonly client: LambdaClient;
  readonly engine: Engine;
  readonly url: string;
}

export async function servingControl(t: ExecutionContext): Promise<ServingControl> {
  const engine = await controlEngine();
  const server = createServer({ engine });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const client = new LambdaClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  t.teardown(async () => {
    client.destroy();
    await server.close();
    await engine.close();
  });
  return { client, engine, url };
}

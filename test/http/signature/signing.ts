/** Signs requests with the AWS SDK's own signer, so that what the verifier takes is what clients send. */
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { RequestHead } from '../../../src/http/signature/request-head.ts';

export const accessKey = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

export interface Unsigned {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string | string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Signing {
  readonly service?: string;
  readonly region?: string;
  readonly at?: Date;
  readonly key?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
  /** Seconds that a presigned link is good; absent: sign headers. */
  readonly expiresIn?: number;
}

export const host = '127.0.0.1:9001';

export async function signed(unsigned: Unsigned = {}, signing: Signing = {}): Promise<RequestHead> {
  const { service = 'lambda', region = 'us-east-1', at = new Date(), key = accessKey, expiresIn } = signing;
  const client = new LambdaClient({ region, credentials: key });
  const signer = await client.config.signer({
    name: 'sigv4',
    signingName: service,
    signingRegion: region,
    properties: {},
  });
  const request = {
    method: unsigned.method ?? 'GET',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: unsigned.path ?? '/2015-03-31/functions',
    query: { ...unsigned.query },
    headers: { host, ...unsigned.headers },
    ...(unsigned.body !== undefined && { body: unsigned.body }),
  };
  const options = { signingDate: at, signingRegion: region, signingService: service };
  const result =
    expiresIn === undefined
      ? await signer.sign(request as never, options)
      : await (signer as unknown as Presigner).presign(request, { ...options, expiresIn });
  client.destroy();
  return {
    method: result.method,
    url: `${result.path}${queryText(result.query ?? {})}`,
    rawHeaders: Object.entries(result.headers).flat(),
  };
}

interface Presigner {
  presign(request: object, options: object): ReturnType<Awaited<ReturnType<LambdaClient['config']['signer']>>['sign']>;
}

function queryText(query: Readonly<Record<string, string | readonly string[] | null>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? ''].flat().map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

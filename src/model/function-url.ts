/** One function URL as it is kept: who may use it, how answers come, what pages of other origins may do (LAMBDA.md C8.3). */
import { randomBytes } from 'node:crypto';

export const urlAuthTypes = ['NONE', 'AWS_IAM'] as const;
export const urlInvokeModes = ['BUFFERED', 'RESPONSE_STREAM'] as const;

export interface FunctionUrlConfig {
  /** The first label of its host name. It never changes, and no other URL ever has it. */
  readonly urlId: string;
  readonly authType: (typeof urlAuthTypes)[number];
  readonly invokeMode: (typeof urlInvokeModes)[number];
  readonly cors?: UrlCors;
  readonly creationTime: string;
  readonly lastModifiedTime: string;
}

export interface UrlCors {
  readonly allowCredentials?: boolean;
  readonly allowHeaders?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  /** Seconds. */
  readonly maxAge?: number;
}

const digits = 'abcdefghijklmnopqrstuvwxyz234567';

/** As long as AWS's, 160 bits: who has not been told of a URL cannot find it. */
export function newUrlId(): string {
  let id = '';
  // 32 divides 256, so every digit is as likely as any other.
  for (const byte of randomBytes(32)) id += digits[byte % 32];
  return id;
}

/** Whether it could be the id of a URL, perhaps of one that is gone. */
export function isUrlId(text: string): boolean {
  return /^[a-z2-7]{32}$/.test(text);
}

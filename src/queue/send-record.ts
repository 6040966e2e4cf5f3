/** Brings records to what is behind an ARN: the requests that servers of SQS, SNS and EventBridge take, a plain POST, or a file. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errorMessage } from '../base/error-text.ts';
import { limits } from '../model/limits.ts';
import type { WaitingRecord } from './event-store.ts';
import type { Target } from './target.ts';

/** `target`: nobody takes anything there for now. `record`: this one is not taken, and others may be. `for-good`: nor ever will be. */
export type SendResult =
  | { readonly kind: 'sent' }
  | { readonly kind: 'failed'; readonly what: 'target' | 'record' | 'for-good'; readonly reason: string };

type RemoteTarget = Extract<Target, { readonly url: string }>;

const sent: SendResult = { kind: 'sent' };

/** Never rejects. */
export async function sendToUrl(target: RemoteTarget, record: WaitingRecord, signal: AbortSignal): Promise<SendResult> {
  const { headers, body } = requestOf(target, record);
  try {
    const response = await fetch(target.url, {
      method: 'POST',
      headers,
      body,
      // What the operator named is asked, and nothing else.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.destinationTimeoutMs)]),
    });
    await response.body?.cancel();
    if (response.ok) return sent;
    const { status } = response;
    const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429;
    return { kind: 'failed', what: isRefusal ? 'record' : 'target', reason: `it answered ${status}` };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? `: ${errorMessage(error.cause)}` : '';
    return { kind: 'failed', what: 'target', reason: `${errorMessage(error)}${cause}` };
  }
}

/** One line each, all of them durable when it resolves. @throws Error of the file system */
export async function appendToFile(path: string, records: readonly WaitingRecord[]): Promise<void> {
  // A link in the directory leads nowhere.
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  await using file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  const { size } = await file.stat();
  const last = size === 0 ? undefined : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0];
  // Whoever was killed while it wrote left half a line.
  const start = last === undefined || last === lineFeed ? '' : '\n';
  await file.appendFile(start + records.map((record) => `${plainText(record)}\n`).join(''));
  await file.datasync();
}

const lineFeed = 0x0a;

function requestOf(
  target: RemoteTarget,
  record: WaitingRecord,
): { readonly headers: Record<string, string>; readonly body: string } {
  const text = Buffer.from(record.body).toString('utf8');
  switch (target.kind) {
    case 'sqs':
      return form({
        Action: 'SendMessage',
        Version: '2012-11-05',
        QueueUrl: target.url,
        MessageBody: text,
        ...attributes('MessageAttribute', record),
      });
    case 'sns':
      return form({
        Action: 'Publish',
        Version: '2010-03-31',
        TopicArn: record.target,
        Message: text,
        ...attributes('MessageAttributes.entry', record),
      });
    case 'events': {
      const entry = { ...busEvent(record), Detail: text, EventBusName: record.target };
      return {
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
        body: JSON.stringify({ Entries: [entry] }),
      };
    }
    case 'post':
      return { headers: { 'content-type': 'application/json' }, body: plainText(record) };
    default:
      return target satisfies never;
  }
}

/** D1.12. */
function busEvent({ head, target, createdMs }: WaitingRecord) {
  const isSuccess = head.kind === 'destination' && head.condition === 'Success';
  const source = head.kind === 'destination' ? [head.source] : [];
  return {
    Source: 'lambda',
    DetailType: `Lambda Function Invocation Result - ${isSuccess ? 'Success' : 'Failure'}`,
    Resources: [target, ...source],
    Time: createdMs / 1_000,
  };
}

function plainText(record: WaitingRecord): string {
  const { head, body, requestId, functionName } = record;
  const text = Buffer.from(body)
    .toString('utf8')
    .replaceAll(/[\r\n]+/g, ' ');
  if (head.kind === 'destination') return text;
  const about = JSON.stringify({ RequestID: requestId, ErrorCode: 200, ErrorMessage: head.errorMessage });
  return `{"functionName":${JSON.stringify(functionName)},"messageAttributes":${about},"body":${text}}`;
}

/** D1.8; records of destinations have none. */
function attributes(prefix: string, { head, requestId }: WaitingRecord): Record<string, string> {
  if (head.kind !== 'dead-letter') return {};
  const all = [
    ['RequestID', 'String', requestId],
    ['ErrorCode', 'Number', '200'],
    ['ErrorMessage', 'String', head.errorMessage],
  ] as const;
  return Object.fromEntries(
    all.flatMap(([name, type, value], index) => [
      [`${prefix}.${index + 1}.Name`, name],
      [`${prefix}.${index + 1}.Value.DataType`, type],
      [`${prefix}.${index + 1}.Value.StringValue`, value],
    ]),
  );
}

function form(members: Record<string, string>): { readonly headers: Record<string, string>; readonly body: string } {
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(members).toString(),
  };
}

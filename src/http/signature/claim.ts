/**
 * What a request says of its signature, before anything of it is believed: in the header `Authorization`, or for presigned links
 * in the query. Reads and bounds; `verifier.ts` judges.
 */
import { limits } from '../../model/limits.ts';
import { queryPairs, signatureParameter } from './canonical-request.ts';
import { headerValues, type IndexedHead, splitTarget } from './request-head.ts';
import { incompleteHeader, incompleteQuery, invalid, missingToken } from './signature-error.ts';

export interface Claim {
  readonly accessKeyId: string;
  /** `20150830`, region, service, `aws4_request`. */
  readonly scope: readonly [day: string, region: string, service: string, terminator: string];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20150830T123600Z`. */
  readonly signedAt: string;
  readonly signedAtMs: number;
  /** Of presigned links; a signed header is good for the skew of clocks only. */
  readonly expiresSeconds: number | undefined;
  /** Whether it comes with a token of a session. */
  readonly hasSessionToken: boolean;
}

const algorithm = 'AWS4-HMAC-SHA256';

/** @throws SignatureError */
export function claimOf(head: IndexedHead): Claim {
  const [header] = headerValues(head, 'authorization');
  if (header !== undefined) return claimOfHeader(head, header);
  const { query } = splitTarget(head.url ?? '');
  if (!query.includes(algorithmParameter)) throw missingToken();
  return claimOfQuery(new Map(queryPairs(query)));
}

const algorithmParameter = 'X-Amz-Algorithm';
const wanted = ['Credential', 'Signature', 'SignedHeaders'] as const;

function claimOfHeader(head: IndexedHead, header: string): Claim {
  const space = header.indexOf(' ');
  const scheme = space === -1 ? header : header.slice(0, space);
  if (scheme.startsWith('AWS4-') && scheme !== algorithm) {
    throw incompleteHeader(header, [`Unsupported AWS 'algorithm': '${cut(scheme)}'.`]);
  }
  const fields = new Map(
    scheme === algorithm
      ? header
          .slice(space + 1)
          .split(',')
          .map(keyAndValue)
      : [],
  );
  const dates = [headerValues(head, 'x-amz-date')[0], headerValues(head, 'date')[0]];
  const signedAt = timestampOf(dates[0]) ?? timestampOf(dates[1]);
  const {
    Credential: credential,
    Signature: signature,
    SignedHeaders: names,
  } = Object.fromEntries(wanted.map((name) => [name, fields.get(name)]));
  if (credential === undefined || signature === undefined || names === undefined || signedAt === undefined) {
    throw incompleteHeader(header, [
      ...wanted
        .filter((name) => fields.get(name) === undefined)
        .map((name) => `Authorization header requires '${name}' parameter.`),
      ...(signedAt === undefined
        ? ["Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."]
        : []),
    ]);
  }
  return {
    ...credentialOf(credential),
    signedHeaders: names.split(';'),
    signature,
    ...signedAt,
    expiresSeconds: undefined,
    hasSessionToken: headerValues(head, 'x-amz-security-token').length > 0,
  };
}

function claimOfQuery(query: ReadonlyMap<string, string>): Claim {
  const parameter = (name: string): string => {
    const value = query.get(name);
    if (value === undefined || value === '') throw incompleteQuery(name);
    return value;
  };
  if (parameter(algorithmParameter) !== algorithm) {
    throw invalid(`Unsupported AWS 'algorithm': '${cut(parameter(algorithmParameter))}'.`);
  }
  const credential = parameter('X-Amz-Credential');
  const signature = parameter(signatureParameter);
  const names = parameter('X-Amz-SignedHeaders');
  const signedAt = timestampOf(parameter('X-Amz-Date'));
  if (signedAt === undefined) throw incompleteQuery('X-Amz-Date');
  const expires = parameter('X-Amz-Expires');
  const expiresSeconds = Number(expires);
  if (!/^\d{1,7}$/.test(expires) || expiresSeconds < 1 || expiresSeconds > limits.presignedSecondsMax) {
    throw invalid(`X-Amz-Expires must be between 1 and ${limits.presignedSecondsMax} seconds`);
  }
  return {
    ...credentialOf(credential),
    signedHeaders: names.split(';'),
    signature,
    ...signedAt,
    expiresSeconds,
    hasSessionToken: query.has('X-Amz-Security-Token'),
  };
}

function keyAndValue(field: string): readonly [string, string] {
  const equals = field.indexOf('=');
  return equals === -1 ? [field.trim(), ''] : [field.slice(0, equals).trim(), field.slice(equals + 1).trim()];
}

function credentialOf(credential: string): Pick<Claim, 'accessKeyId' | 'scope'> {
  const parts = credential.split('/');
  const [accessKeyId = '', day = '', region = '', service = '', terminator = ''] = parts;
  if (parts.length !== 5) {
    throw invalid(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${cut(credential)}'`,
    );
  }
  return { accessKeyId, scope: [day, region, service, terminator] };
}

/** ISO 8601 without punctuation, or the date of HTTP. undefined: neither. */
function timestampOf(text: string | undefined): { readonly signedAt: string; readonly signedAtMs: number } | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) {
    const signedAtMs = Date.parse(text);
    return Number.isNaN(signedAtMs) ? undefined : { signedAt: timestamp(signedAtMs), signedAtMs };
  }
  const [, year, month, day, hour, minute, second] = match;
  const signedAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(signedAtMs) ? undefined : { signedAt: text, signedAtMs };
}

/** `20150830T123600Z`. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

/** What a client chose, for a message. */
export function cut(text: string): string {
  return text.length <= limits.signatureTextCharsMax ? text : `${text.slice(0, limits.signatureTextCharsMax)}...`;
}

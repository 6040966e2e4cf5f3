/**
 * One log event as a line of a file: `<milliseconds since the epoch> <message>\n`, where backslash, newline and carriage return of the
 * message are written `\\`, `\n` and `\r`, and the message's own last newline, which all but a few have, is left out. A line
 * without its newline was being written when the host or the machine ended, and is none.
 */

export const newlineByte = 0x0a;
const spaceByte = 0x20;
const zeroByte = 0x30;

export function recordLine(timestamp: number, message: string): string {
  const end = message.endsWith('\n') ? message.length - 1 : message.length;
  const text = end === message.length ? message : message.slice(0, end);
  return `${timestamp} ${escaped(text)}\n`;
}

/** As it stands in the file, for searching there. */
export function escaped(text: string): string {
  return /[\\\n\r]/.test(text) ? text.replace(/[\\\n\r]/g, (character) => escapes[character] ?? character) : text;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };

export interface RecordPlace {
  readonly timestamp: number;
  /** Where the message begins in the bytes that were given. */
  readonly textAt: number;
}

/** The head of the line at `at`; undefined when no line of ours begins there. */
export function recordAt(bytes: Uint8Array, at: number, end: number): RecordPlace | undefined {
  let timestamp = 0;
  for (let position = at; position < end && position - at <= timestampDigitsMax; position += 1) {
    const byte = bytes[position];
    if (byte === undefined) return undefined;
    if (byte === spaceByte) return position === at ? undefined : { timestamp, textAt: position + 1 };
    const digit = byte - zeroByte;
    if (digit < 0 || digit > 9) return undefined;
    timestamp = timestamp * 10 + digit;
  }
  return undefined;
}

const timestampDigitsMax = 15;

export function messageOf(bytes: Buffer, textAt: number, end: number): string {
  const text = bytes.toString('utf8', textAt, end);
  const plain = text.includes('\\')
    ? text.replace(/\\([\\nr])/g, (_, kind: string) => (kind === 'n' ? '\n' : kind === 'r' ? '\r' : '\\'))
    : text;
  return `${plain}\n`;
}

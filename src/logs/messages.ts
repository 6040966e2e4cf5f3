/**
 * The lines of one platform event as messages: what Lambda makes one log event of. A record of the console stays one however many lines
 * it has (LAMBDA.md E2.3); what goes to stdout is one for each line (E2.5); a line of the platform is one with what follows it (E1.4).
 */
import type { PlatformEvent } from '../model/platform-event.ts';

/** How records of the console begin in Text format (E2.1). The sandbox joins several into one notice. */
const recordHead = /\n(?=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t)/;

export function messagesOf(event: PlatformEvent, text: string): readonly string[] {
  if (text === '') return [];
  const newline = text.indexOf('\n');
  if (newline === -1 || newline === text.length - 1 || event.type !== 'function') return [text];
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  // A record in JSON is one line.
  return event.kind === 'line' && event.logFormat === 'Text' ? body.split(recordHead) : body.split('\n');
}

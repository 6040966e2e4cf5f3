/** Log stores with a time that the test moves, and events as an engine tells them. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogStore, type LogStoreOptions } from '../../src/logs/log-store.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { createFakeClock, type FakeClock } from '../fixtures/fake-clock.ts';

export const epochMs = Date.UTC(2026, 0, 2, 3, 4, 5);
export const group = '/aws/lambda/greet';

export function logFolder(): string {
  return join(mkdtempSync(join(tmpdir(), 'isotherm-logs-')), 'logs');
}

export interface TestLogs {
  readonly logs: LogStore;
  readonly clock: FakeClock;
  /** A line of the function's output in a stream. */
  print(text: string, stream?: string, more?: Partial<Extract<PlatformEvent, { type: 'function' }>>): void;
  messages(input?: Partial<Parameters<LogStore['filter']>[0]>): Promise<readonly string[]>;
}

export function testLogs(options: Partial<LogStoreOptions> = {}): TestLogs {
  const clock = createFakeClock({ epochMs });
  const logs = new LogStore({ clock, ...options });
  return {
    logs,
    clock,
    print(text, stream = 'a', more = {}) {
      logs.observe({
        type: 'function',
        functionName: 'greet',
        version: '$LATEST',
        environmentId: stream,
        logGroup: group,
        logStream: stream,
        logFormat: 'Text',
        time: clock.epochMs(),
        kind: 'raw',
        text,
        ...more,
      });
    },
    async messages(input = {}) {
      const { events } = await logs.filter({ logGroup: group, ...input });
      return events.map(({ message }) => message);
    },
  };
}

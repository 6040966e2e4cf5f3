/** A pipe that a test gives to a program and reads when it likes, or never. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

export interface UnreadPipe {
  /** For the program. */
  readonly writeEnd: number;
  /** As much as the kernel takes. */
  fill(): void;
  /** What is there now. */
  read(): string;
}

export function unreadPipe(t: ExecutionContext): UnreadPipe {
  const path = join(mkdtempSync(join(tmpdir(), 'isotherm-pipe-')), 'pipe');
  execFileSync('mkfifo', [path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // Not `O_NONBLOCK`: that a program waits when nobody reads is what it gets from a shell.
  const writeEnd = openSync(path, constants.O_WRONLY);
  const filling = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  t.teardown(() => [readEnd, writeEnd, filling].forEach(closeSync));
  return {
    writeEnd,
    fill() {
      const bytes = Buffer.alloc(4_096, '.');
      bytes[bytes.length - 1] = 0x0a;
      while (tried(() => writeSync(filling, bytes)) > 0);
    },
    read() {
      const bytes = Buffer.alloc(1_048_576);
      let text = '';
      for (let count = 1; count > 0; text += bytes.toString('latin1', 0, count)) {
        count = tried(() => readSync(readEnd, bytes));
      }
      return text;
    },
  };
}

/** 0 where the kernel says that it would have to wait. */
function tried(operation: () => number): number {
  try {
    return operation();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

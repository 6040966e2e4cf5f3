/** Reads a result back from the file that a run wrote, so that an old one can be shown again. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../../src/cli/exit-status.ts';
import { reason } from '../../src/cli/options.ts';
import { type BenchResult, decodeBenchResult } from '../model.ts';

/** Of a wrong file the first complaints say what it is; a page of them says no more. */
const messageCharsMax = 300;

/** @throws UsageError in one line: the file cannot be read, or holds something else */
export function readResult(path: string): BenchResult {
  const text = textOf(path);
  try {
    return decodeBenchResult(text);
  } catch (error) {
    // Of JSON.parse or of the decoder, which say where.
    const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
    throw new UsageError(`--from ${path}: ${message.slice(0, messageCharsMax)}`);
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--from ${path} cannot be read: ${reason(error)}`);
  }
}

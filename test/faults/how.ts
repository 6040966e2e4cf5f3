/** How a call ended, in a word: its answer, or what was told in its place. */
import { EngineError, FunctionError } from '../../src/index.ts';

export async function how(calling: Promise<unknown>): Promise<string> {
  try {
    const value = await calling;
    return typeof value === 'string' ? value : 'done';
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    return error instanceof FunctionError ? error.errorType : String(error);
  }
}

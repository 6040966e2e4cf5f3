import { EngineError } from '../model/errors.ts';

/** Whether whoever offers the same event again would get the same answer: a function that is not there, an event that is too large. */
export function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  return error.blame === 'client' && error.statusCode !== 429 && error.code !== 'EngineClosed';
}

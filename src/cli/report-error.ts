/** Turns what a command threw into one line on stderr and an exit status; a stack only for our own bugs. */
import { errorStack } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { ServerError } from './api-client.ts';
import { type ExitStatus, exitStatus, UsageError } from './exit-status.ts';
import type { PrinterTarget } from './print-events.ts';
import { visibleText } from './visible-text.ts';

export function reportError(error: unknown, stderr: Pick<PrinterTarget, 'write'>): ExitStatus {
  if (error instanceof UsageError) {
    stderr.write(`isotherm: ${visibleText(error.message)}\n`);
    return exitStatus.usage;
  }
  if (error instanceof ServerError) {
    stderr.write(`isotherm: ${error.code === undefined ? '' : `${error.code}: `}${visibleText(error.message)}\n`);
    return error.status >= 400 && error.status < 500 ? exitStatus.usage : exitStatus.platform;
  }
  if (error instanceof EngineError) {
    stderr.write(`isotherm: ${error.code}: ${visibleText(error.message)}\n`);
    return error.blame === 'client' ? exitStatus.usage : exitStatus.platform;
  }
  stderr.write(`isotherm: a bug in isotherm: ${errorStack(error)}\n`);
  return exitStatus.platform;
}

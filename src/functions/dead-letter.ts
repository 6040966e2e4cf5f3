/** The dead-letter target of a function: what Lambda takes, and what there is here. */
import { EngineError } from '../model/errors.ts';
import type { FunctionConfiguration } from '../model/function-configuration.ts';

/** @throws EngineError InvalidParameterValueException */
export function checkDeadLetter({ deadLetter }: FunctionConfiguration, hasTarget: (arn: string) => boolean): void {
  if (deadLetter === undefined) return;
  if (!/^arn:[^:]+:(sqs|sns):/.test(deadLetter)) {
    throw invalid(`The dead-letter target ${deadLetter} is neither an SQS queue nor an SNS topic.`);
  }
  if (!hasTarget(deadLetter)) {
    throw invalid(`Nothing is mapped to the dead-letter target ${deadLetter}, by destinations or --destination.`);
  }
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidParameterValueException', message);
}

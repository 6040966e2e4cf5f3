import { EngineError } from '../../model/errors.ts';

/** What a refused value may take of a message. */
const valueCharsMax = 256;

/** EventBridge's refusal of an expression, which names nothing, and behind it what is wrong: the field, its rule and the value. */
export function scheduleProblem(field: string, rule: string, value: string): EngineError {
  const shown = value.length > valueCharsMax ? `${value.slice(0, valueCharsMax)}...` : value;
  return new EngineError(
    'ValidationException',
    `Parameter ScheduleExpression is not valid. Reason: ${field} ${rule}, received ${JSON.stringify(shown)}`,
  );
}

/** How long programs may take that are to end by themselves: a busy machine must not be taken for an endless loop. */
import { callsOf, type Expectation, type Program } from './program.ts';

/** Programs that may be timed out, or say how long they may take, stay as they are. */
export function withPatience(programs: readonly Program[]): readonly Program[] {
  return programs.map((program) => {
    const mayTimeOut = callsOf(program).some(({ expect }) => timesOut(expect));
    if (mayTimeOut || program.settings?.timeout !== undefined) return program;
    return { ...program, settings: { ...program.settings, timeout: timeoutSeconds } };
  });
}

const timeoutSeconds = 15;

function timesOut(expectation: Expectation): boolean {
  return expectation.kind === 'any' ? expectation.of.some(timesOut) : expectation.kind === 'timeout';
}

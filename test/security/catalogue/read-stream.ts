/** Invokes for one reader of a streamed answer, and says what it got of it beside how the invocation ended. */
import type { Engine, InvokeResult } from '../../../src/index.ts';
import type { Reader } from './program.ts';

export interface Streamed {
  readonly reader: Reader;
  /** That it got; with `none`, what waited for it at the end. */
  readonly bytes: number;
  readonly ended: 'whole' | 'failed' | 'left';
}

export async function invokeStreamed(
  engine: Engine,
  functionName: string,
  payload: string,
  reader: Reader,
): Promise<{ readonly result: InvokeResult; readonly streamed: Streamed }> {
  const answer = await engine.invokeStream({ functionName, payload });
  if (reader === 'leaves') await answer.stream.cancel();
  if (reader === 'none') await answer.done;
  const kept: Uint8Array[] = [];
  let bytes = 0;
  let ended: Streamed['ended'] = reader === 'leaves' ? 'left' : 'whole';
  try {
    if (reader !== 'leaves') {
      for await (const chunk of answer.stream) {
        if (bytes < keptBytesMax) kept.push(chunk);
        bytes += chunk.byteLength;
      }
    }
  } catch {
    // What it failed with is in `done` too.
    ended = 'failed';
  }
  const { functionError, errorPayload, report } = await answer.done;
  const result: InvokeResult = {
    statusCode: 200,
    requestId: answer.requestId,
    payload: errorPayload ?? Buffer.concat(kept),
    ...(functionError !== undefined && { functionError }),
    ...(report !== undefined && { report }),
  };
  return { result, streamed: { reader, bytes, ended } };
}

const keptBytesMax = 65_536;

/** Deploys what the command was pointed at: a new function, or new code and the given settings for one that is there. */
import type { Engine } from '../engine/engine.ts';
import type { CreateFunctionInput } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';

/** Resolves when invocations run the new code; settings that are not given stay as they are. @throws EngineError */
export async function deploy(engine: Engine, input: CreateFunctionInput): Promise<void> {
  const { code, ...settings } = input;
  const { functionName } = settings;
  if (!exists(engine, functionName)) {
    await engine.createFunction(input);
    return;
  }
  await engine.updateFunctionCode({ functionName, code });
  if (Object.keys(settings).length > 1) await engine.updateFunctionConfiguration(settings);
}

function exists(engine: Engine, functionName: string): boolean {
  try {
    engine.functions.get({ functionName, qualifier: '$LATEST', qualified: false });
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'ResourceNotFoundException') return false;
    throw error;
  }
}

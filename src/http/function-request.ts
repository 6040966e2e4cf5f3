/**
 * What CreateFunction and the two updates carry, in the engine's terms. Fields of Lambda that isotherm does not act on are
 * refused when they ask for something: a wish that is silently not granted is worse than an error.
 */

import { withoutUndefined } from '../base/without-undefined.ts';
import type { CreateFunctionInput } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';
import type { JsonReader } from './json-reader.ts';

/** Lambda has no fields for these; they travel as tags. The other two of them are read with the settings (DESIGN.md section 7). */
const isolationTag = 'isotherm:isolation';
const clockTag = 'isotherm:clock';

const notOffered = [
  'CapacityProviderConfig',
  'CodeSigningConfigArn',
  'DurableConfig',
  'FileSystemConfigs',
  'ImageConfig',
  'KMSKeyArn',
  'PublishTo',
  'SnapStart',
  'TenancyConfig',
  'VpcConfig',
] as const;

/** @throws EngineError NotImplementedException */
export function refuseNotOffered(body: JsonReader): void {
  for (const name of notOffered) {
    if (asksForNothing(body.raw(name))) continue;
    throw new EngineError('NotImplementedException', `isotherm does not offer ${name} yet`);
  }
}

type Settings = Omit<CreateFunctionInput, 'functionName' | 'code' | 'tags' | 'isolation' | 'clock'>;

/** The settings that creating and updating have in common. */
export function settingsOf(body: JsonReader): Settings {
  const logging = body.structure('LoggingConfig');
  const environment = body.structure('Environment');
  const deadLetter = body.structure('DeadLetterConfig');
  return withoutUndefined({
    runtime: body.string('Runtime'),
    handler: body.string('Handler'),
    role: body.string('Role'),
    description: body.string('Description'),
    memorySize: body.number('MemorySize'),
    timeout: body.number('Timeout'),
    ephemeralStorage: body.structure('EphemeralStorage')?.number('Size'),
    environment: environment && (environment.stringMap('Variables') ?? {}),
    tracingMode: body.structure('TracingConfig')?.string('Mode'),
    // An empty one takes away what was there.
    deadLetter: deadLetter && (deadLetter.string('TargetArn') ?? ''),
    layers: body.strings('Layers')?.map(layerReference),
    logging:
      logging &&
      withoutUndefined({
        logFormat: logging.string('LogFormat'),
        applicationLogLevel: logging.string('ApplicationLogLevel'),
        systemLogLevel: logging.string('SystemLogLevel'),
        logGroup: logging.string('LogGroup'),
      }),
  });
}

/** `Code` of CreateFunction, or the body of UpdateFunctionCode: both name the package in the same way. */
export function codeOf(place: JsonReader): { readonly zipFile: Uint8Array } {
  for (const name of ['S3Bucket', 'S3Key', 'ImageUri', 'SourceKMSKeyArn']) {
    if (!place.has(name)) continue;
    throw new EngineError(
      'NotImplementedException',
      `isotherm takes code as ZipFile only; it does not offer ${name} yet`,
    );
  }
  const zipFile = place.bytes('ZipFile');
  if (zipFile === undefined) {
    throw new EngineError('InvalidParameterValueException', 'Please provide a source for function code.');
  }
  return { zipFile };
}

export function tagsOf(body: JsonReader): Pick<CreateFunctionInput, 'tags' | 'isolation' | 'clock'> {
  const tags = body.stringMap('Tags');
  if (tags === undefined) return {};
  const isolation = tags[isolationTag];
  const clock = tags[clockTag];
  return { tags, ...(isolation !== undefined && { isolation }), ...(clock !== undefined && { clock }) };
}

/** Paths are for embedders: a client of the API names what was published. */
function layerReference(arn: string): string {
  if (arn.startsWith('arn:')) return arn;
  throw new EngineError('InvalidParameterValueException', `Layer version ${arn} does not exist.`);
}

/** Absent, or written out as what is the case anyway: `{}`, `[]`, `""`, false, `{"ApplyOn":"None"}`. */
function asksForNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 'None') return true;
  return typeof value === 'object' && Object.values(value).every(asksForNothing);
}

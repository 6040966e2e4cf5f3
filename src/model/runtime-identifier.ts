/** The values of Lambda's `Runtime` field that isotherm runs, and which programming model each one has (LAMBDA.md A1 to A4, G). */
export const runtimeIdentifiers = [
  'nodejs',
  'nodejs18.x',
  'nodejs20.x',
  'nodejs22.x',
  'nodejs24.x',
  'nodejs26.x',
] as const;

export type RuntimeIdentifier = (typeof runtimeIdentifiers)[number];

/**
 * `2014`: context.done only, a call that reports nothing fails (A1). `callback`: the interface client of Node 18 to 22 (A3).
 * `promise`: the one of Node 24 on (A4).
 */
export type ProgrammingModel = '2014' | 'callback' | 'promise';

export const runtimeDefault: RuntimeIdentifier = 'nodejs24.x';

export function isRuntimeIdentifier(value: unknown): value is RuntimeIdentifier {
  return runtimeIdentifiers.some((identifier) => identifier === value);
}

export function programmingModel(runtime: RuntimeIdentifier): ProgrammingModel {
  switch (runtime) {
    case 'nodejs':
      return '2014';
    case 'nodejs18.x':
    case 'nodejs20.x':
    case 'nodejs22.x':
      return 'callback';
    case 'nodejs24.x':
    case 'nodejs26.x':
      return 'promise';
    default:
      return runtime satisfies never;
  }
}

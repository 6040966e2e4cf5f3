/** `isotherm list`: the functions of a running server. */
import { ApiClient, ServerError } from './api-client.ts';
import { type ExitStatus, exitStatus } from './exit-status.ts';
import { list, numberOf, textOf } from './fields.ts';
import type { Outlets } from './outlet.ts';
import { tableText } from './table.ts';

export interface ListOptions {
  readonly endpoint: string;
  readonly json?: boolean;
}

interface ListedFunction {
  readonly functionName: string;
  readonly runtime: string;
  readonly memorySize: number;
  readonly timeout: number;
  readonly versions: number;
  readonly lastModified: string;
  readonly reservedConcurrency: number | undefined;
}

export async function listCommand({ endpoint, json }: ListOptions, { stdout }: Outlets): Promise<ExitStatus> {
  const client = new ApiClient(endpoint, process.env);
  const functions = await functionsOf(client);
  if (json === true) {
    await stdout.deliver(`${JSON.stringify(functions)}\n`);
    return exitStatus.answered;
  }
  const rows = functions.map(
    ({ functionName, runtime, memorySize, timeout, versions, lastModified, reservedConcurrency }) => [
      functionName,
      runtime,
      `${memorySize} MB`,
      `${timeout} s`,
      String(versions),
      reservedConcurrency === undefined ? '-' : String(reservedConcurrency),
      lastModified,
    ],
  );
  await stdout.deliver(tableText(columns, rows, stdout.isTTY ? 'aligned' : 'tabs'));
  return exitStatus.answered;
}

const columns = [
  { title: 'FUNCTION' },
  { title: 'RUNTIME' },
  { title: 'MEMORY', align: 'right' },
  { title: 'TIMEOUT', align: 'right' },
  { title: 'VERSIONS', align: 'right' },
  { title: 'RESERVED', align: 'right' },
  { title: 'MODIFIED' },
] as const;

async function functionsOf(client: ApiClient): Promise<readonly ListedFunction[]> {
  const found = new Map<string, ListedFunction>();
  let marker = '';
  do {
    const query = marker === '' ? '' : `&Marker=${encodeURIComponent(marker)}`;
    const page = await client.call({ path: `/2015-03-31/functions?FunctionVersion=ALL${query}` });
    for (const item of list(page.Functions)) {
      const functionName = textOf(item.FunctionName);
      const known = found.get(functionName);
      if (known !== undefined) {
        found.set(functionName, { ...known, versions: known.versions + 1 });
        continue;
      }
      found.set(functionName, {
        functionName,
        runtime: textOf(item.Runtime),
        memorySize: numberOf(item.MemorySize),
        timeout: numberOf(item.Timeout),
        // `$LATEST` comes first and is none.
        versions: 0,
        lastModified: textOf(item.LastModified),
        reservedConcurrency: undefined,
      });
    }
    marker = textOf(page.NextMarker);
  } while (marker !== '');
  return withReserves(client, [...found.values()]);
}

const asksAtOnce = 16;

async function withReserves(
  client: ApiClient,
  functions: readonly ListedFunction[],
): Promise<readonly ListedFunction[]> {
  const all: ListedFunction[] = [];
  for (let at = 0; at < functions.length; at += asksAtOnce) {
    all.push(
      ...(await Promise.all(
        functions.slice(at, at + asksAtOnce).map(async (each) => ({
          ...each,
          reservedConcurrency: await reserveOf(client, each.functionName),
        })),
      )),
    );
  }
  return all;
}

async function reserveOf(client: ApiClient, functionName: string): Promise<number | undefined> {
  try {
    const path = `/2019-09-30/functions/${encodeURIComponent(functionName)}/concurrency`;
    const { ReservedConcurrentExecutions: reserved } = await client.call({ path });
    return typeof reserved === 'number' ? reserved : undefined;
  } catch (error) {
    // Deleted meanwhile.
    if (error instanceof ServerError && error.status === 404) return undefined;
    throw error;
  }
}

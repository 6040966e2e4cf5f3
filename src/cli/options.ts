/** Parsers of option values. Each message names the option, the rule and the value; the engine's validation has the ranges. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { errorMessage } from '../base/error-text.ts';
import { hardeningLevels } from '../model/hardening.ts';
import type { HardeningOption } from '../model/hardening-demand.ts';
import { splitNetworkRules } from '../model/network-rule.ts';
import { UsageError } from './exit-status.ts';

export function integerOption(name: string, value: string, min: number, max: number): number {
  const parsed = Number(value);
  if (!/^-?\d+$/.test(value) || parsed < min || parsed > max) {
    throw new UsageError(`${name} must be an integer from ${min} to ${max}, got ${JSON.stringify(value)}`);
  }
  return parsed;
}

/** The engine has its range. */
export function fractionOption(name: string, value: string): number {
  if (/^\d*\.?\d+$/.test(value)) return Number(value);
  throw new UsageError(`${name} must be a number such as 0.001, got ${JSON.stringify(value)}`);
}

export function choiceOption<const Choice extends string>(
  name: string,
  value: string,
  choices: readonly Choice[],
): Choice {
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) {
    throw new UsageError(`${name} must be one of ${choices.join(', ')}, got ${JSON.stringify(value)}`);
  }
  return chosen;
}

/** `--hardening`: a mode, or the least level. */
export function hardeningOption(value: string): HardeningOption {
  const chosen = choiceOption('--hardening', value, ['auto', 'required', 'off', ...hardeningLevels]);
  const level = hardeningLevels.find((each) => each === chosen);
  if (level !== undefined) return { minimumLevel: level };
  return choiceOption('--hardening', value, ['auto', 'required', 'off']);
}

/** `--env K=V`, any number of times. */
export function environmentOption(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 1) throw new UsageError(`--env must be NAME=VALUE, got ${JSON.stringify(pair)}`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** `--allow-net HOST[:PORT]`, any number of times; nothing where it was not given. */
export function networkOption(texts: readonly string[]): { readonly network?: { readonly allow: readonly string[] } } {
  return texts.length === 0 ? {} : { network: { allow: texts.flatMap(splitNetworkRules) } };
}

/** `--limit NAME=NUMBER`, any number of times: limits of the engine. Which there are, and their ranges, is the engine's to say. */
export function limitsOption(pairs: readonly string[]): { readonly limits?: Readonly<Record<string, number>> } {
  if (pairs.length === 0) return {};
  const limits = pairs.map((pair): [string, number] => {
    const [, name, value] = /^(\w+)=(\d+)$/.exec(pair) ?? [];
    if (name !== undefined && value !== undefined) return [name, Number(value)];
    throw new UsageError(`--limit must be NAME=NUMBER, such as logBytes=10000, got ${JSON.stringify(pair)}`);
  });
  return { limits: Object.fromEntries(limits) };
}

/** `--destination ARN|SERVICE=URL`, any number of times. What may stand on both sides is the engine's to say. */
export function destinationsOption(pairs: readonly string[]): {
  readonly destinations?: Readonly<Record<string, string>>;
} {
  if (pairs.length === 0) return {};
  const destinations = pairs.map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)];
    throw new UsageError(`--destination must be ARN=URL or SERVICE=URL, got ${JSON.stringify(pair)}`);
  });
  return { destinations: Object.fromEntries(destinations) };
}

/** `--log-keep-mib` and `--log-keep-days`: what is kept of functions' logs. */
export function logsOption({
  logKeepMib,
  logKeepDays,
}: {
  readonly logKeepMib?: string;
  readonly logKeepDays?: string;
}) {
  return {
    ...(logKeepMib !== undefined && { keepMiB: integerOption('--log-keep-mib', logKeepMib, 1, 1_048_576) }),
    ...(logKeepDays !== undefined && { keepDays: integerOption('--log-keep-days', logKeepDays, 1, 36_500) }),
  };
}

/** `--layer DIR|ZIP`, any number of times; nothing where it was not given. */
export function layersOption(paths: readonly string[]): { readonly layers?: readonly string[] } {
  return paths.length === 0 ? {} : { layers: paths.map((path) => resolve(path)) };
}

/** `--event`: JSON text, `@file`, or `-` for standard input. Returns the text; it must be JSON. */
export async function eventOption(value: string): Promise<string> {
  const event =
    value === '-' ? await text(process.stdin) : value.startsWith('@') ? readEventFile(value.slice(1)) : value;
  try {
    JSON.parse(event);
  } catch (error) {
    // JSON.parse throws a SyntaxError and nothing else.
    const from = value === '-' || value.startsWith('@') ? value : 'the text given';
    throw new UsageError(`--event must be JSON, ${from} is not: ${errorMessage(error)}`);
  }
  return event;
}

function readEventFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--event @${path} cannot be read: ${reason(error)}`);
  }
}

/** What the operating system said, without Node's repetition of the path. */
export function reason(error: unknown): string {
  return error instanceof Error ? (error.message.split(',')[0] ?? error.message) : String(error);
}

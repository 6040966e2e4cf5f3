/**
 * Positions in a bundle as positions in the user's sources, for stack traces. The map is parsed when the first error asks,
 * once for each version.
 */
import { SourceMap } from 'node:module';

export interface PositionMap {
  /** Both 1-based, as V8 prints them. `file:line:column`, or '' when the map does not know. */
  map(line: number, column: number): string;
}

const taskDirectory = '/var/task/';

/** @param read gives the map's JSON text, written by the bundler */
export function createPositionMap(read: (() => string) | undefined): PositionMap {
  if (read === undefined) return { map: () => '' };
  let parsed: SourceMap | undefined;
  return {
    map(line, column) {
      parsed ??= new SourceMap(JSON.parse(read()));
      const entry = parsed.findEntry(line - 1, column - 1);
      if (!('originalSource' in entry) || typeof entry.originalSource !== 'string') return '';
      const path = taskPath(entry.originalSource);
      return path === '' ? '' : `${path}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    },
  };
}

/** A guest sees its files below `/var/task`, wherever the bundler found them. */
function taskPath(source: string): string {
  if (source === '' || source.startsWith('/')) return source;
  return taskDirectory + source.replace(/^(?:\.\.?\/)+/, '');
}

/**
 * Strips comments and indentation from a script and nothing else: names, also local ones, are visible in `fn.name` and in
 * stacks, so nothing is renamed. Output is Latin-1: one other character would make V8 keep two bytes for all of them.
 */
import { parse, type Token } from 'acorn';

export function compact(source: string): string {
  const tokens: Token[] = [];
  parse(source, { ecmaVersion: 'latest', sourceType: 'script', allowReturnOutsideFunction: true, onToken: tokens });
  let output = '';
  let end = 0;
  for (const token of tokens) {
    const gap = source.slice(end, token.start);
    // A comment that spans lines counts as a line break, as it does for automatic semicolons.
    output += gap === '' ? '' : gap.includes('\n') ? '\n' : ' ';
    output += source.slice(token.start, token.end);
    end = token.end;
  }
  return latin1(output.trim());
}

export function latin1(text: string): string {
  return text.replace(/[^\x00-\xff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

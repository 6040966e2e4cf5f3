/** A value that was refused, as an error shows it: an object by its kind only, since its own conversion to text says as little. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length <= charsMax ? value : `${value.slice(0, charsMax)}…`);
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const charsMax = 200;

/**
 * Text of a guest as a terminal may have it: what would move the cursor, set a title or reverse a line is shown as what it is. Only
 * for people: files and pipes get the bytes as they are.
 */

/** C0 but tab and newline, DEL, C1, and the marks that change the direction of what follows. */
const unseen = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export function visibleText(text: string): string {
  return text.replace(unseen, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

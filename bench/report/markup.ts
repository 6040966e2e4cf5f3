/**
 * HTML and SVG as text in which every string is escaped: what is put into a template is text, unless it was made by a template. The
 * output is well-formed XML too, so that tags that are left open are found by any parser.
 */

/** Made by `markup` only. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = string | number | Markup | readonly Markup[] | undefined;

/** Nothing for undefined. */
export function markup(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const text = parts.map((part, at) => part + (at < contents.length ? textOf(contents[at]) : ''));
  return new Markup(text.join(''));
}

function textOf(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'number') return String(Math.round(content * 100) / 100);
  if (typeof content === 'string') return escaped(content);
  return content.map(({ text }) => text).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For element content and for quoted attributes. Characters that XML has no place for become U+FFFD. */
export function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, '�')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

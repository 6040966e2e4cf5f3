/**
 * A strict reader of markup: every tag closed in order, every attribute quoted and written once, every ampersand a reference. Enough of
 * XML to prove that a page is well-formed and to look at what is in it; no entities of its own, no namespaces.
 */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Of this element and those in it, decoded. */
  text: string;
}

const references: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** All elements, in document order. @throws Error where the markup is torn */
export function elementsOf(document: string): readonly Element[] {
  const markup = document.replace(/^<!DOCTYPE html>/, '');
  const token = /<\/([a-z0-9]+)>|<([a-zA-Z0-9]+)((?:\s+[a-zA-Z][a-zA-Z0-9-]*="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
  const all: Element[] = [];
  const open: Element[] = [];
  for (let at = 0; at < markup.length; at = token.lastIndex) {
    token.lastIndex = at;
    const found = token.exec(markup);
    if (found === null) throw new Error(`torn at ${at}: ${JSON.stringify(markup.slice(at, at + 80))}`);
    const [, closed, opened, attributes = '', selfClosed, text] = found;
    if (text !== undefined) {
      const decoded = decode(text);
      for (const element of open) element.text += decoded;
      if (open.length === 0 && decoded.trim() !== '') throw new Error(`text outside of everything: ${decoded}`);
    } else if (closed !== undefined) {
      const last = open.pop();
      if (last?.name !== closed) throw new Error(`</${closed}> closes <${last?.name}> at ${at}`);
    } else {
      const element: Element = { name: opened ?? '', attributes: attributesOf(attributes), text: '' };
      all.push(element);
      if (selfClosed !== '/') open.push(element);
    }
  }
  if (open.length > 0) throw new Error(`never closed: ${open.map(({ name }) => name).join(', ')}`);
  return all;
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/([a-zA-Z][a-zA-Z0-9-]*)="([^"]*)"/g)) {
    if (attributes.has(name)) throw new Error(`${name} is written twice`);
    attributes.set(name, decode(value));
  }
  return attributes;
}

function decode(text: string): string {
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f]/.test(text)) throw new Error(`a control character in ${JSON.stringify(text)}`);
  return text.replace(/&(?:([a-z]+|#\d+);)?/g, (reference, name: string | undefined) => {
    const character = references[name ?? ''];
    if (character === undefined) throw new Error(`${reference} is no reference of ours`);
    return character;
  });
}

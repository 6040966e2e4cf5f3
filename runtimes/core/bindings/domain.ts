/** Domains as people read them, whose tables are in the sandbox. */
import { textOperations } from '../../../src/bridge/text.ts';
import type { CoreContext } from '../context.ts';

const { StringPrototypeIncludes } = primordials;

/** @param ascii what the URL parser made of it */
export function domainToUnicode({ services }: Pick<CoreContext, 'services'>, ascii: string): string {
  if (!StringPrototypeIncludes(ascii, 'xn--')) return ascii;
  const reply = services.ask('text', textOperations.domainToUnicode, ascii);
  return typeof reply === 'string' ? reply : '';
}

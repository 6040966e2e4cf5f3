/** What the page and its sections both show of peers: the square in a peer's colour, and who is missing. */
import type { MissingPeer } from '../model.ts';
import { type Markup, markup } from './markup.ts';
import type { PeerStyle } from './palette.ts';
import { missingByReason } from './sections.ts';

export function swatch({ colour }: PeerStyle): Markup {
  return markup`<svg class="dot p${colour}" width="11" height="11" aria-hidden="true"><rect width="11" height="11" rx="2"/></svg>`;
}

export function missingNote(missing: readonly MissingPeer[]): Markup | undefined {
  if (missing.length === 0) return undefined;
  return markup`<p class="note">Missing: ${missingByReason(missing)
    .map(([names, reason]) => `${names}: ${reason}`)
    .join('; ')}.</p>`;
}

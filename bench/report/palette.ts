/**
 * Colours of peers: one for each, in the order of the result, the same in every plot and table. The hues are those of Okabe and Ito, which
 * people who see fewer colours can tell apart, and further ones, darkened or lightened until each has a contrast of 3 to 1 with its
 * background; each peer has a dash pattern and a mark as well, which tell apart what colours do not.
 */

export const lightColours = [
  '#c43c00',
  '#0060b0',
  '#007f5c',
  '#a83c86',
  '#806600',
  '#0083b3',
  '#4b3f9e',
  '#5f6b75',
  '#7a1f3d',
  '#111111',
  '#8a5a44',
  '#5d7d00',
  '#d01c6b',
  '#2f4f5a',
] as const;

export const darkColours = [
  '#ff8552',
  '#62adff',
  '#35cb9b',
  '#ea92cc',
  '#e6c23c',
  '#74d4f7',
  '#b0a5fa',
  '#a9b4bd',
  '#f39ab0',
  '#f2f2f2',
  '#cf9f88',
  '#b3d44a',
  '#ff6fa3',
  '#7d98a3',
] as const;

/** Of the phases of a stack: blues for those of the peer that has most, other hues for what only others have. */
export const lightPhases = [
  '#0b3c5d',
  '#2a6f97',
  '#5fa8c9',
  '#9fcfe2',
  '#cfe6ef',
  '#e6ded2',
  '#7a4b12',
  '#b5792b',
  '#dcb068',
  '#f0d9a8',
] as const;

export const darkPhases = [
  '#d9f0fa',
  '#9fd3ea',
  '#64acd0',
  '#4a93bd',
  '#275f80',
  '#57534a',
  '#f5e2bd',
  '#dcb068',
  '#b07c35',
  '#7d5420',
] as const;

const inks = ['#ffffff', '#0a1a26'] as const;

/** What can be read on a colour. */
export function inkOn(colour: string): string {
  return inks.toSorted((a, b) => contrast(b, colour) - contrast(a, colour))[0] ?? inks[0];
}

/** Of two colours, by WCAG 2.2: from 1 to 21. */
export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].toSorted((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const dashes = ['', '8 3', '2 3', '10 3 2 3', '5 2', '12 4', '1 4', '6 2 2 2 2 2', '14 3', '3 3'] as const;

export interface PeerStyle {
  /** Of the colour's class: `p0` and so on. */
  readonly colour: number;
  readonly dash: string;
  readonly isOurs: boolean;
}

/** A peer that has no style is a mistake of the caller, who gives all names. */
export function peerStyles(names: readonly string[]): (peer: string) => PeerStyle {
  const styles = new Map(
    names.map((name, at) => [
      name,
      {
        colour: at % lightColours.length,
        // When the colours come again, it is with another pattern.
        dash: dashes[(at + Math.floor(at / lightColours.length) * 3) % dashes.length] ?? '',
        isOurs: /^isotherm\b/.test(name),
      },
    ]),
  );
  return (peer) => {
    const style = styles.get(peer);
    if (style === undefined) throw new RangeError(`no style for the peer ${JSON.stringify(peer)}`);
    return style;
  };
}

/** Protections: who may do what with the bytes of a region, and the colours of the answers. */

import { areasOf, wholeAreas } from './areas';
import type { PlacedRegion, Rectangle, Region, Swatch } from './manifest';

export const PROTECTIONS = [
  'writable and executable',
  'executable',
  'writable',
  'read',
  'none',
] as const;
export type Protection = (typeof PROTECTIONS)[number];

/**
 * What the first letters allow, from the rarest and most telling down. The colours stay apart for
 * colour-blind eyes, by their lightness too; memory that can be written and run is what to look for.
 */
export const PROTECTION_SWATCHES: Record<Protection, Swatch> = {
  'writable and executable': { colour: '#f03a1c', label: 'writable and executable (rwx)' },
  executable: { colour: '#ffe94a', label: 'executable (r-x)' },
  writable: { colour: '#2a66d9', label: 'writable (rw-)' },
  read: { colour: '#9fd8cf', label: 'read only (r--)' },
  none: { colour: '#2c2650', label: 'no access (---)' },
};

/** What a text such as `r-xp`, `rw-s` or `r-x` allows; null where nobody knows. */
export function readProtection(text: string | null): Protection | null {
  const match = /^([r-])([w-])([x-])/.exec(text?.toLowerCase() ?? '');
  if (!match) return null;
  const [, read, write, execute] = match;
  if (write === 'w') return execute === 'x' ? 'writable and executable' : 'writable';
  if (execute === 'x') return 'executable';
  return read === 'r' ? 'read' : 'none';
}

/** Pixels of a picture that have one protection. */
export interface ProtectedAreas {
  readonly protection: Protection;
  readonly areas: readonly Rectangle[];
}

const known = new WeakMap<PlacedRegion, readonly ProtectedAreas[]>();

/** The protections of a placed region; a module drawn as one region has those of its sections. */
export function protectionsOf(placed: PlacedRegion): readonly ProtectedAreas[] {
  let found = known.get(placed);
  if (!found) {
    found = [...findProtections(placed)];
    known.set(placed, found);
  }
  return found;
}

function* findProtections({ region, shape }: PlacedRegion): Generator<ProtectedAreas> {
  for (const { text, first, end } of protectedSpans(region)) {
    const protection = readProtection(text);
    if (!protection) continue;
    const all = first === 0n && end === region.size;
    yield { protection, areas: all ? wholeAreas(shape) : areasOf(shape, first, end) };
  }
}

/** Offsets into the region, with the text of their protection. */
export function* protectedSpans(
  region: Region,
): Generator<{ text: string; first: bigint; end: bigint }> {
  if (region.protection !== null) {
    yield { text: region.protection, first: 0n, end: region.size };
    return;
  }
  for (const section of region.module?.sections.sorted ?? []) {
    const from = section.start - region.start;
    const to = from + section.size;
    const first = from > 0n ? from : 0n;
    const end = to < region.size ? to : region.size;
    if (first < end) yield { text: section.protection, first, end };
  }
}

/** The protections that regions have, in the order of the legend. */
export function protectionsIn(regions: readonly Region[]): Protection[] {
  const seen = new Set<Protection | null>();
  for (const region of regions) {
    for (const { text } of protectedSpans(region)) seen.add(readProtection(text));
  }
  return PROTECTIONS.filter((protection) => seen.has(protection));
}

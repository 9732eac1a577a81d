/**
 * The permalink: the URL's hash names a byte, `#virtual:0x7f12a0003c10`, and may end in `@ZOOM` and
 * in `/LENS/ATLAS`, either of which may be left out: `#/LENS` names a lens alone, `#//ATLAS` an atlas.
 */

import { formatSpaceAddress, parseSpaceAddress, type SpaceAddress } from './address';

export interface Permalink {
  readonly target: SpaceAddress | null;
  /** CSS pixels across one byte; null for the zoom at which single addresses are read. */
  readonly zoom: number | null;
  /** The name of a lens; null for the first one of the atlas. */
  readonly lens: string | null;
  /** The name of an atlas; null for the first one that has the byte. */
  readonly atlas: string | null;
}

/** Reads a hash; null where there is none, or its address cannot be read. */
export function parsePermalink(hash: string, spaces: readonly string[]): Permalink | null {
  const text = hash.replace(/^#/, '');
  const [place, lens, atlas] = text.split('/').map((part) => decoded(part) || null);
  const look = { lens: lens ?? null, atlas: atlas ?? null };
  if (!place && (look.lens ?? look.atlas)) return { target: null, zoom: null, ...look };
  const [address = '', zoomText] = place?.split('@') ?? [];
  const target = parseSpaceAddress(address, spaces);
  if (!target) return null;
  const zoom = Number(zoomText ?? Number.NaN);
  return { target, zoom: Number.isFinite(zoom) && zoom > 0 ? zoom : null, ...look };
}

export function formatPermalink({ target, zoom, lens, atlas }: Permalink): string {
  const place = target ? formatSpaceAddress(target) : '';
  const suffix = zoom === null || !target ? '' : `@${Number(zoom.toPrecision(3))}`;
  // `entropy:512` is read more easily as it is.
  const names = [lens, atlas].map((name) => encodeURIComponent(name ?? '').replaceAll('%3A', ':'));
  return `#${place}${suffix}/${names.join('/')}`.replace(/\/+$/, '');
}

/** Null for what is no such text. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/**
 * Puts the hash into the address bar without a step in the history for every move; without a link it
 * takes the hash away, because an old one would lead somewhere else than to what is seen.
 */
export function writePermalink(link: Permalink | null): void {
  const { pathname, search } = location;
  try {
    history.replaceState(null, '', link ? formatPermalink(link) : `${pathname}${search}`);
  } catch {
    // Browsers refuse this under some file:// settings and when called very often. The page works
    // on without; the next move writes the hash again.
  }
}

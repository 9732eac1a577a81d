/**
 * The permalink: the URL's hash names a byte, `#virtual:0x7f12a0003c10`, and may end in `@ZOOM` and
 * in `/LENS`. With no byte to name, a lens alone is `#/LENS`.
 */

import { formatSpaceAddress, parseSpaceAddress, type SpaceAddress } from './address';

export interface Permalink {
  readonly target: SpaceAddress | null;
  /** CSS pixels across one byte; null for the zoom at which single addresses are read. */
  readonly zoom: number | null;
  /** The name of a lens; null for the first one of the atlas. */
  readonly lens: string | null;
}

/** Reads a hash; null where there is none, or its address cannot be read. */
export function parsePermalink(hash: string, spaces: readonly string[]): Permalink | null {
  const text = hash.replace(/^#/, '');
  const slash = text.indexOf('/');
  const place = decoded(slash < 0 ? text : text.slice(0, slash));
  const lens = slash < 0 ? null : decoded(text.slice(slash + 1)) || null;
  if (place === '' && lens !== null) return { target: null, zoom: null, lens };
  const [address = '', zoomText] = place?.split('@') ?? [];
  const target = parseSpaceAddress(address, spaces);
  if (!target) return null;
  const zoom = Number(zoomText ?? Number.NaN);
  return { target, zoom: Number.isFinite(zoom) && zoom > 0 ? zoom : null, lens };
}

export function formatPermalink({ target, zoom, lens }: Permalink): string {
  const place = target ? formatSpaceAddress(target) : '';
  const suffix = zoom === null || !target ? '' : `@${Number(zoom.toPrecision(3))}`;
  // `entropy:512` is read more easily as it is.
  const name = lens === null ? '' : `/${encodeURIComponent(lens).replaceAll('%3A', ':')}`;
  return `#${place}${suffix}${name}`;
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

/** The permalink: the URL's hash names a byte, `#virtual:0x7f12a0003c10`, and may end in `@ZOOM`. */

import { formatSpaceAddress, parseSpaceAddress, type SpaceAddress } from './address';

export interface Permalink extends SpaceAddress {
  /** CSS pixels across one byte; null for the zoom at which single addresses are read. */
  readonly zoom: number | null;
}

export function parsePermalink(hash: string, spaces: readonly string[]): Permalink | null {
  let text: string;
  try {
    text = decodeURIComponent(hash.replace(/^#/, ''));
  } catch {
    return null;
  }
  const [target = '', zoomText] = text.split('@');
  const found = parseSpaceAddress(target, spaces);
  if (!found) return null;
  const zoom = Number(zoomText ?? Number.NaN);
  return { ...found, zoom: Number.isFinite(zoom) && zoom > 0 ? zoom : null };
}

export function formatPermalink({ zoom, ...target }: Permalink): string {
  const suffix = zoom === null ? '' : `@${Number(zoom.toPrecision(3))}`;
  return `#${formatSpaceAddress(target)}${suffix}`;
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

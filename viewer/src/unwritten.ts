/**
 * Tiles without a file of their own: all of each is transparent (blank) or zero.
 *
 * Lists name the topmost tiles, and everything below one of them is like it: a hole of a terabyte
 * is one entry. See docs/manifest.md, pyramid.
 */

import type { Pyramid } from './manifest';
import { loadScript } from './scripts';

interface UnwrittenDocument {
  readonly version: number;
  readonly blank: readonly string[];
  readonly zero: readonly string[];
}

/** The lists of one pyramid. */
export class Unwritten {
  private readonly tops = new Map<string, 'blank' | 'zero'>();

  constructor({ blank, zero }: Pick<UnwrittenDocument, 'blank' | 'zero'>) {
    for (const tile of blank) this.tops.set(tile, 'blank');
    for (const tile of zero) this.tops.set(tile, 'zero');
  }

  /** What the tile is that has no file; null for one that has. */
  what(level: number, column: number, row: number): 'blank' | 'zero' | null {
    let [x, y] = [column, row];
    for (let above = level; above >= 0; above -= 1) {
      const found = this.tops.get(`${above}/${x}_${y}`);
      if (found) return found;
      // Not >> 1, which is for 32 bits: rows of a large pyramid are more.
      [x, y] = [Math.floor(x / 2), Math.floor(y / 2)];
    }
    return null;
  }
}

const NOTHING = new Unwritten({ blank: [], zero: [] });
const loaded = new Map<string, Unwritten>();

// Lists come as calls of this function: scripts are all that a page may load from file://.
Object.assign(globalThis, {
  memtilesUnwritten: (path: string, document: UnwrittenDocument) => {
    if (document.version === 1) loaded.set(path, new Unwritten(document));
  },
});

/** The lists of a pyramid. Without them it is drawn all the same, with such tiles missing. */
export async function loadUnwritten(path: string, pyramid: Pyramid): Promise<Unwritten> {
  if (pyramid.unwrittenScript === null) return NOTHING;
  if (!loaded.has(path)) await loadScript(`${path}/${pyramid.unwrittenScript}`);
  return loaded.get(path) ?? NOTHING;
}

/** The image of a tile, from the pyramid's folder. */
export function tileFile(
  pyramid: Pyramid,
  unwritten: Unwritten,
  level: number,
  column: number,
  row: number,
): string {
  const name = unwritten.what(level, column, row) ?? `tiles_files/${level}/${column}_${row}`;
  return `${name}.${pyramid.format}`;
}

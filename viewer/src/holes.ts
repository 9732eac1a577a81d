/** Where the holes of a placed region are drawn. */

import { areasOf, coarseEnd } from './areas';
import type { PlacedRegion, Rectangle } from './manifest';
import { RectangleIndex } from './rectangle_index';
import type { RunList } from './runs';

const found = new WeakMap<PlacedRegion, RectangleIndex<Rectangle>>();

/**
 * The pixels of what `list` does not hold of a placed region, from the picture's corner.
 *
 * In `hilbert` pages of 64 × 64 pixels are marked as a whole: a hole that begins anywhere would be
 * hundreds of squares, and the map itself shows its pixels.
 */
export function holesOf(placed: PlacedRegion, list: RunList): RectangleIndex<Rectangle> {
  let index = found.get(placed);
  if (!index) {
    const { shape, region } = placed;
    const areas: Rectangle[] = [];
    let covered = -1n;
    for (const [first, end] of list.holes(region.picture?.first ?? 0n, region.size)) {
      // Two holes in one page would mark it twice; a hatch on a hatch looks like something else.
      if (end <= covered) continue;
      for (const area of areasOf(shape, first > covered ? first : covered, end, true)) {
        areas.push(area);
      }
      covered = coarseEnd(shape, end);
    }
    index = new RectangleIndex(areas, (area) => area, shape.width, shape.height);
    found.set(placed, index);
  }
  return index;
}

/** The rectangles of a picture that show a range of it, in any layout. */

import { BLOCK, type Geometry, numberToPixel, type Pixel, pixelBytes } from './layout';
import type { Rectangle } from './manifest';

/** The pixels of a page of 64 × 64, which coarse squares of `hilbert` are not smaller than. */
const PAGE = 64n * 64n;

const whole = new WeakMap<Geometry, readonly Rectangle[]>();

/** All pixels of the picture that show something. */
export function wholeAreas(shape: Geometry): readonly Rectangle[] {
  let areas = whole.get(shape);
  if (!areas) {
    areas = areasOf(shape, 0n, shape.size);
    whole.set(shape, areas);
  }
  return areas;
}

/**
 * The pixels that show bytes from `first` up to `end`, disjoint and inside the picture.
 *
 * Pixels of which the range has a part are among them. `coarse` lets squares of `hilbert` grow over
 * its ends, as far as the next whole 64 × 64 pixels: a curve that is cut anywhere is many squares.
 */
export function areasOf(shape: Geometry, first: bigint, end: bigint, coarse = false): Rectangle[] {
  const bytes = BigInt(pixelBytes(shape));
  const drawn = BigInt(shape.width) * BigInt(shape.height);
  const start = first / bytes;
  const past = (end + bytes - 1n) / bytes;
  const stop = past < drawn ? past : drawn;
  if (first >= end || start >= stop) return [];
  if (shape.layout === 'hilbert') return squares(shape, start, stop, coarse);
  if (shape.layout === 'pages') return blocks(shape, start, stop);
  return rows(numberToPixel(shape, start), numberToPixel(shape, stop - 1n), 0, shape.width);
}

/** From one pixel to another of rows that are `width` wide and begin at `left`. */
function rows(from: Pixel, to: Pixel, left: number, width: number): Rectangle[] {
  const right = left + width;
  if (from.y === to.y) return [{ ...from, width: to.x + 1 - from.x, height: 1 }];
  const found: Rectangle[] = [];
  let top = from.y;
  let bottom = to.y + 1;
  if (from.x > left) {
    found.push({ ...from, width: right - from.x, height: 1 });
    top += 1;
  }
  if (to.x < right - 1) bottom -= 1;
  if (bottom > top) found.push({ x: left, y: top, width, height: bottom - top });
  if (to.x < right - 1) found.push({ x: left, y: to.y, width: to.x + 1 - left, height: 1 });
  return found;
}

function blocks(shape: Geometry, start: bigint, stop: bigint): Rectangle[] {
  const size = BigInt(BLOCK * BLOCK);
  const inBlock = (from: bigint, to: bigint) => {
    const { x } = numberToPixel(shape, from - (from % size));
    return rows(numberToPixel(shape, from), numberToPixel(shape, to - 1n), x, BLOCK);
  };
  const firstWhole = ((start + size - 1n) / size) * size;
  const endWhole = stop - (stop % size);
  if (firstWhole > endWhole) return inBlock(start, stop);
  const found = start < firstWhole ? inBlock(start, firstWhole) : [];
  if (firstWhole < endWhole) {
    const small = ({ x, y }: Pixel) => ({ x: x / BLOCK, y: y / BLOCK });
    const from = small(numberToPixel(shape, firstWhole));
    const to = small(numberToPixel(shape, endWhole - size));
    for (const box of rows(from, to, 0, shape.width / BLOCK)) {
      found.push({
        x: box.x * BLOCK,
        y: box.y * BLOCK,
        width: box.width * BLOCK,
        height: box.height * BLOCK,
      });
    }
  }
  if (endWhole < stop) found.push(...inBlock(endWhole, stop));
  return found;
}

/** Up to which offset coarse areas of a range that ends at `end` go. */
export function coarseEnd(shape: Geometry, end: bigint): bigint {
  const drawn = BigInt(shape.width) * BigInt(shape.height);
  if (shape.layout !== 'hilbert' || drawn < PAGE) return end;
  const page = PAGE * BigInt(pixelBytes(shape));
  return ((end + page - 1n) / page) * page;
}

function squares(shape: Geometry, start: bigint, stop: bigint, coarse: boolean): Rectangle[] {
  let at = start;
  let end = stop;
  // A picture of a page or more is whole pages.
  if (coarse && BigInt(shape.width) * BigInt(shape.height) >= PAGE) {
    at -= at % PAGE;
    end += (PAGE - (end % PAGE)) % PAGE;
  }
  const found: Rectangle[] = [];
  while (at < end) {
    let [side, count] = [1, 1n];
    while (at % (count * 4n) === 0n && at + count * 4n <= end) {
      side *= 2;
      count *= 4n;
    }
    const { x, y } = numberToPixel(shape, at);
    found.push({ x: x - (x % side), y: y - (y % side), width: side, height: side });
    at += count;
  }
  return found;
}

import { describe, expect, test } from 'vitest';
import { areasOf, coarseEnd, wholeAreas } from '../src/areas';
import { type Bits, type Geometry, geometry, type LayoutName, pixelToOffset } from '../src/layout';
import type { Rectangle } from '../src/manifest';

/** How often each pixel of the picture is in one of the areas. */
function covered(shape: Geometry, areas: readonly Rectangle[]): Buffer {
  const counts = Buffer.alloc(shape.width * shape.height);
  for (const { x, y, width, height } of areas) {
    expect(x >= 0 && y >= 0 && x + width <= shape.width && y + height <= shape.height).toBe(true);
    for (let row = y; row < y + height; row += 1) {
      for (let at = row * shape.width + x; at < row * shape.width + x + width; at += 1) {
        counts[at] = (counts[at] as number) + 1;
      }
    }
  }
  return counts;
}

/** The bytes that each pixel shows, from one offset up to another; none for a blank one. */
function pixelsOf(shape: Geometry): [number, number][] {
  return Array.from({ length: shape.width * shape.height }, (_, at) => {
    const found = pixelToOffset(shape, at % shape.width, Math.floor(at / shape.width));
    return found ? [Number(found.offset), Number(found.offset) + found.count] : [0, 0];
  });
}

const SHAPES: readonly [LayoutName, Bits, bigint][] = [
  ['rows', 8, 0x1010n],
  ['rows', 24, 0x5001n],
  ['classic', 8, 0x1234n],
  ['classic', 32, 0x3333n],
  ['hilbert', 8, 0x2345n],
  ['hilbert', 16, 0x10n],
  ['pages', 8, 0x6543n],
  ['pages', 32, 0x12345n],
];

describe.each(SHAPES)('%s at %s bits, %s bytes', (layout, bits, size) => {
  const shape = geometry(layout, bits, size);
  const ends = [0n, 1n, 63n, 64n, 65n, 0x7ffn, 0x1000n, 0x1001n, 0x2000n, size - 1n, size].filter(
    (offset) => offset <= size,
  );

  const pixels = pixelsOf(shape);
  /** 1 for each pixel that shows a byte of the range. */
  const expected = (first: bigint, end: bigint) =>
    Buffer.from(pixels.map(([from, to]) => (from < Number(end) && to > Number(first) ? 1 : 0)));

  test('the areas of a range are its pixels, each once', () => {
    for (const first of ends) {
      for (const end of ends) {
        const areas = areasOf(shape, first, end);
        if (first >= end) expect(areas).toEqual([]);
        else expect(covered(shape, areas).equals(expected(first, end))).toBe(true);
      }
    }
  });

  test('the whole is all that shows something', () => {
    expect(covered(shape, wholeAreas(shape)).equals(expected(0n, size))).toBe(true);
    expect(wholeAreas(shape)).toBe(wholeAreas(shape));
  });
});

test('coarse squares of a curve are whole pages', () => {
  const shape = geometry('hilbert', 8, 0x4000n);
  expect(areasOf(shape, 0x1001n, 0x1002n, true)).toEqual(areasOf(shape, 0x1000n, 0x2000n));
  expect(areasOf(shape, 0xfffn, 0x2001n, true)).toEqual(areasOf(shape, 0n, 0x3000n));
  expect(coarseEnd(shape, 0x1001n)).toBe(0x2000n);
  expect(coarseEnd(shape, 0x2000n)).toBe(0x2000n);
  // A picture of less than a page is small enough for its pixels.
  const small = geometry('hilbert', 8, 0x100n);
  expect(areasOf(small, 3n, 4n, true)).toEqual(areasOf(small, 3n, 4n));
  expect(coarseEnd(small, 4n)).toBe(4n);
});

test('a terabyte on a curve is a few squares', () => {
  const shape = geometry('hilbert', 8, 1n << 40n);
  expect(areasOf(shape, 0x1000n, 1n << 40n).length).toBeLessThan(3 * 20);
});

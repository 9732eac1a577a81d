import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  addressToAtlas,
  atlasToAddress,
  type Bits,
  BMP_LAYOUTS,
  type Geometry,
  geometry,
  LAYOUTS,
  LayoutError,
  type LayoutName,
  numberToPixel,
  offsetToPixel,
  type Placement,
  parts,
  pixelBytes,
  pixelToNumber,
  pixelToOffset,
  rasterBytes,
  rowBytes,
} from '../src/layout';

interface Shape {
  layout: LayoutName;
  bits: Bits;
  size: string;
  width: number | null;
}
type PixelVector = [number, number];
type BytesVector = [string, number] | null;

interface Vectors {
  geometry: (Shape & { expect: Record<string, unknown> })[];
  geometry_refused: Shape[];
  pictures: {
    shape: Shape;
    offsets: [string, PixelVector | null][];
    pixels: [PixelVector, BytesVector][];
    refused_offsets: string[];
    refused_pixels: PixelVector[];
  }[];
  parts: { shape: Shape; raster_limit: string; parts: [number, number][] }[];
  parts_refused: { shape: Shape; raster_limit: string }[];
  placements: {
    start: string;
    shape: Shape;
    x: number;
    y: number;
    pixels: [PixelVector, BytesVector][];
    addresses: [string, PixelVector | null][];
  }[];
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../tests/vectors/layout.json', import.meta.url), 'utf-8'),
);

function shapeOf({ layout, bits, size, width }: Shape): Geometry {
  return geometry(layout, bits, BigInt(size), width);
}

function isBmp({ layout }: Geometry): boolean {
  return BMP_LAYOUTS.some((name) => name === layout);
}

function pixel(found: PixelVector | null) {
  return found && { x: found[0], y: found[1] };
}

describe('the vectors shared with layout.py', () => {
  test.each(vectors.geometry)('geometry $layout $bits $size $width', (vector) => {
    const shape = shapeOf(vector);
    expect({
      width: shape.width,
      height: shape.height,
      pixel_bytes: pixelBytes(shape),
      row_bytes: isBmp(shape) ? rowBytes(shape) : null,
      raster_bytes: isBmp(shape) ? `0x${rasterBytes(shape).toString(16)}` : null,
    }).toEqual(vector.expect);
  });

  test.each(vectors.geometry_refused)('refused $layout $bits $size $width', (vector) => {
    expect(() => shapeOf(vector)).toThrow(LayoutError);
  });

  test.each(vectors.pictures)('picture $shape', (vector) => {
    const shape = shapeOf(vector.shape);
    for (const [offset, found] of vector.offsets) {
      expect(offsetToPixel(shape, BigInt(offset))).toEqual(pixel(found));
    }
    for (const [[x, y], found] of vector.pixels) {
      const expected = found && { offset: BigInt(found[0]), count: found[1] };
      expect(pixelToOffset(shape, x, y)).toEqual(expected);
    }
    for (const offset of vector.refused_offsets) {
      expect(() => offsetToPixel(shape, BigInt(offset))).toThrow(RangeError);
    }
    for (const [x, y] of vector.refused_pixels) {
      expect(() => pixelToOffset(shape, x, y)).toThrow(RangeError);
    }
  });

  test.each(vectors.parts)('parts of $shape at $raster_limit', (vector) => {
    const expected = vector.parts.map(([firstRow, rows]) => ({ firstRow, rows }));
    expect(parts(shapeOf(vector.shape), BigInt(vector.raster_limit))).toEqual(expected);
  });

  test.each(vectors.parts_refused)('no parts of $shape at $raster_limit', (vector) => {
    const shape = shapeOf(vector.shape);
    expect(() => parts(shape, BigInt(vector.raster_limit))).toThrow(LayoutError);
  });

  test.each(vectors.placements)('placement at $start of $shape', (vector) => {
    const placed: Placement = {
      space: 'virtual',
      start: BigInt(vector.start),
      shape: shapeOf(vector.shape),
      x: vector.x,
      y: vector.y,
    };
    for (const [[x, y], found] of vector.pixels) {
      const expected = found && { address: BigInt(found[0]), count: found[1] };
      expect(atlasToAddress(placed, x, y)).toEqual(expected);
    }
    for (const [address, found] of vector.addresses) {
      expect(addressToAtlas(placed, BigInt(address))).toEqual(pixel(found));
    }
  });
});

const SIZES = [1n, 0x5e001n, (1n << 32n) + 1n, 1n << 40n, (1n << 55n) + 1n];

describe.each(LAYOUTS.filter((name) => name !== 'classic'))('layout %s', (layout) => {
  test.each(SIZES)('every number of %d bytes has its pixel', (size) => {
    for (const bits of [8, 16, 24, 32] as const) {
      const shape = geometry(layout, bits, size);
      const pixels = (size + BigInt(bits / 8) - 1n) / BigInt(bits / 8);
      for (let number = pixels - 1n; number > 0n; number = (number * 7n) / 11n) {
        const { x, y } = numberToPixel(shape, number);
        expect(x >= 0 && x < shape.width && y >= 0 && y < shape.height).toBe(true);
        expect(pixelToNumber(shape, x, y)).toBe(number);
        expect(pixelToOffset(shape, x, y)?.offset).toBe(number * BigInt(bits / 8));
      }
    }
  });
});

test.each(['hilbert', 'pages'] as const)('a picture in layout %s is no BMP', (layout) => {
  const shape = geometry(layout, 8, 0x5000n);
  expect(() => rowBytes(shape)).toThrow(RangeError);
  expect(() => rasterBytes(shape)).toThrow(RangeError);
  expect(() => parts(shape, 1n << 40n)).toThrow(RangeError);
});

test('a page of 4 KiB is a square of 64 × 64 at 8 bits', () => {
  const start = 0xabcdefn * 4096n;
  for (const layout of ['hilbert', 'pages'] as const) {
    const shape = geometry(layout, 8, 1n << 40n);
    const blocks = new Set<string>();
    const pixels = new Set<string>();
    for (let offset = start; offset < start + 4096n; offset += 1n) {
      const found = offsetToPixel(shape, offset);
      if (found === null) throw new Error('every byte has a pixel');
      blocks.add(`${Math.floor(found.x / 64)} ${Math.floor(found.y / 64)}`);
      pixels.add(`${found.x} ${found.y}`);
    }
    expect([blocks.size, pixels.size]).toEqual([1, 4096]);
  }
});

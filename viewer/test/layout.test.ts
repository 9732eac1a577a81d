import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  addressToAtlas,
  atlasToAddress,
  type Bits,
  type Geometry,
  geometry,
  LayoutError,
  type LayoutName,
  offsetToPixel,
  type Placement,
  parts,
  pixelBytes,
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
      row_bytes: rowBytes(shape),
      raster_bytes: `0x${rasterBytes(shape).toString(16)}`,
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

/**
 * Layouts: picture pixel ↔ region offset. Pure arithmetic, with one twin: `memtiles/pictures/layout.py`.
 *
 * Both files have the same functions under the same names and are tested on the same
 * `tests/vectors/layout.json`. No other file does this arithmetic.
 *
 * A pixel of `bits` bits shows `bits / 8` bytes. Rows are never padded inside the raster, so the byte
 * of the region at offset `i` is the raster's byte `i`. Sizes, offsets and addresses are BigInt:
 * a JavaScript number loses everything above 2^53.
 */

export const LAYOUTS = ['rows', 'classic'] as const;
export const BITS = [8, 16, 24, 32] as const;

export type LayoutName = (typeof LAYOUTS)[number];
export type Bits = (typeof BITS)[number];

export const ROWS_WIDTHS: readonly [bigint, bigint] = [64n, 1n << 20n];

/** A picture geometry that cannot be drawn, such as a row that needs padding. */
export class LayoutError extends Error {}

/** The shape of one picture: `size` bytes drawn as `width` × `height` pixels of `bits` bits. */
export interface Geometry {
  readonly layout: LayoutName;
  readonly bits: Bits;
  readonly size: bigint;
  readonly width: number;
  readonly height: number;
}

export interface Pixel {
  readonly x: number;
  readonly y: number;
}

/** Bytes that one pixel shows. */
export function pixelBytes(shape: Geometry): number {
  return shape.bits / 8;
}

/** Bytes that one row shows, which is also one row of the BMP. */
export function rowBytes(shape: Geometry): number {
  return shape.width * pixelBytes(shape);
}

/** Bytes of the whole raster; more than `size` in `rows`, at most `size` in `classic`. */
export function rasterBytes(shape: Geometry): bigint {
  return BigInt(shape.height) * BigInt(rowBytes(shape));
}

/** Pixels that a width must be a multiple of, so that a BMP row is whole 4-byte words. */
export function widthStep(bits: Bits): number {
  return { 8: 4, 16: 2, 24: 4, 32: 1 }[bits];
}

function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/**
 * The geometry of a region of `size` bytes.
 *
 * `rows` covers every byte; without a width it takes the power of two next above the square root of
 * the pixel count, from 64 to 2^20, so that a 4 KiB page is a 64×64 square at 8 bits.
 *
 * `classic` is Dump2Picture 2.2.3: a square of side √pixels, its width rounded down to a multiple
 * of 8 at 8 bits and of 2 otherwise, its height to a multiple of 2; the bytes past the square have
 * no pixel. At 24 bits the width is rounded down to a multiple of 4 instead: the original's rows of
 * 358 × 3 bytes are not whole 4-byte words and every viewer shears them.
 *
 * @throws LayoutError No bytes; a width whose rows would need padding, or given for `classic`; a
 *   region too small for `classic`.
 */
export function geometry(
  layout: LayoutName,
  bits: Bits,
  size: bigint,
  width: number | null = null,
): Geometry {
  if (size < 1n) throw new LayoutError('a picture needs at least one byte');
  const bytes = BigInt(bits / 8);
  if (layout === 'classic') {
    if (width !== null) {
      throw new LayoutError('layout classic computes its width; give a width with layout rows');
    }
    const side = squareRoot(size / bytes);
    const columns = side - (side % { 8: 8n, 16: 2n, 24: 4n, 32: 2n }[bits]);
    const rows = side - (side % 2n);
    if (columns === 0n || rows === 0n) {
      throw new LayoutError(`${size} bytes are too few for layout classic at ${bits} bits`);
    }
    return { layout, bits, size, width: Number(columns), height: Number(rows) };
  }
  const pixels = (size + bytes - 1n) / bytes;
  const columns = width ?? rowsWidth(pixels);
  if (!Number.isInteger(columns) || columns < 1 || columns % widthStep(bits) !== 0) {
    const step = widthStep(bits);
    throw new LayoutError(
      `width ${columns} at ${bits} bits needs padded rows; use a multiple of ${step}`,
    );
  }
  const rows = (pixels + BigInt(columns) - 1n) / BigInt(columns);
  return { layout, bits, size, width: columns, height: Number(rows) };
}

function rowsWidth(pixels: bigint): number {
  let [width, widest] = ROWS_WIDTHS;
  while (width < widest && width * width < pixels) width *= 2n;
  return Number(width);
}

/**
 * The pixel that shows the byte at `offset`; null for a tail that `classic` leaves out.
 *
 * @throws RangeError The offset is outside the region.
 */
export function offsetToPixel(shape: Geometry, offset: bigint): Pixel | null {
  if (offset < 0n || offset >= shape.size) {
    throw new RangeError(`offset ${offset} is outside a region of ${shape.size} bytes`);
  }
  const index = offset / BigInt(pixelBytes(shape));
  const width = BigInt(shape.width);
  const y = Number(index / width);
  return y < shape.height ? { x: Number(index % width), y } : null;
}

/** Bytes that one pixel shows: `count` of them from `offset`. */
export interface PixelBytes {
  readonly offset: bigint;
  readonly count: number;
}

/**
 * The bytes of the region under pixel (x, y); null for padding.
 *
 * The last pixel of a region can show fewer than `bits / 8` bytes.
 *
 * @throws RangeError The pixel is outside the picture.
 */
export function pixelToOffset(shape: Geometry, x: number, y: number): PixelBytes | null {
  if (!(x >= 0 && x < shape.width && y >= 0 && y < shape.height)) {
    throw new RangeError(`pixel (${x}, ${y}) is outside ${shape.width}×${shape.height}`);
  }
  const bytes = BigInt(pixelBytes(shape));
  const offset = (BigInt(y) * BigInt(shape.width) + BigInt(x)) * bytes;
  const left = shape.size - offset;
  if (left <= 0n) return null;
  return { offset, count: Number(left < bytes ? left : bytes) };
}

/** A picture in an atlas: the region that starts at `start`, its top left pixel at (x, y). */
export interface Placement {
  readonly space: string;
  readonly start: bigint;
  readonly shape: Geometry;
  readonly x: number;
  readonly y: number;
}

/** Addresses that one pixel shows: `count` of them from `address`. */
export interface PixelAddresses {
  readonly address: bigint;
  readonly count: number;
}

/**
 * The addresses under the atlas pixel (x, y) in this picture.
 *
 * Null where the picture has nothing: outside it, and in the padding of its last row.
 */
export function atlasToAddress(placed: Placement, x: number, y: number): PixelAddresses | null {
  const column = x - placed.x;
  const row = y - placed.y;
  const { shape } = placed;
  if (!(column >= 0 && column < shape.width && row >= 0 && row < shape.height)) return null;
  const found = pixelToOffset(shape, column, row);
  return found && { address: placed.start + found.offset, count: found.count };
}

/** The atlas pixel that shows `address`; null where this picture does not show it. */
export function addressToAtlas(placed: Placement, address: bigint): Pixel | null {
  if (address < placed.start || address >= placed.start + placed.shape.size) return null;
  const pixel = offsetToPixel(placed.shape, address - placed.start);
  return pixel && { x: placed.x + pixel.x, y: placed.y + pixel.y };
}

/** One BMP of a picture: its first row and how many rows it holds. */
export interface Part {
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * The picture cut at rows into BMPs of at most `rasterLimit` bytes of raster each.
 *
 * @throws LayoutError Not even one row fits.
 */
export function parts(shape: Geometry, rasterLimit: bigint): Part[] {
  const fitting = Number(rasterLimit / BigInt(rowBytes(shape)));
  if (fitting < 1) {
    throw new LayoutError(`one row of ${rowBytes(shape)} bytes does not fit a BMP`);
  }
  const found: Part[] = [];
  for (let firstRow = 0; firstRow < shape.height; firstRow += fitting) {
    found.push({ firstRow, rows: Math.min(fitting, shape.height - firstRow) });
  }
  return found;
}

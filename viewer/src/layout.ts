/**
 * Layouts: picture pixel ↔ region offset. Pure arithmetic, with one twin: `memtiles/pictures/layout.py`.
 *
 * Both files have the same functions under the same names and are tested on the same
 * `tests/vectors/layout.json`. No other file does this arithmetic.
 *
 * A pixel of `bits` bits shows `bits / 8` bytes: the pixel of number `i` those from offset
 * `i * bits / 8`. A layout says where the pixels go, in the order of their numbers:
 *
 * - `rows` and `classic` go row by row, and never pad a row: the byte of the region at offset `i` is
 *   the byte `i` of the raster of a BMP. Other layouts have no BMP of their own; the one of a region
 *   that is drawn in them has a geometry in `rows`.
 * - `hilbert` goes along Hilbert's curve: what is near in memory is near in the picture, and each
 *   aligned square of 2^j × 2^j pixels is one aligned range of 4^j pixels. At 8 bits every tile of
 *   every level is thus one range of addresses, and a 4 KiB page a square of 64×64.
 * - `pages` goes block by block, of 64×64 pixels in rows of 64: at 8 bits a 4 KiB page. The blocks
 *   are side by side like the pixels of `rows`.
 *
 * Sizes, offsets, numbers of pixels and addresses are BigInt: a JavaScript number loses everything
 * above 2^53.
 */

export const BMP_LAYOUTS = ['rows', 'classic'] as const;
export const LAYOUTS = [...BMP_LAYOUTS, 'hilbert', 'pages'] as const;
export const BITS = [8, 16, 24, 32] as const;

export type BmpLayoutName = (typeof BMP_LAYOUTS)[number];
export type LayoutName = (typeof LAYOUTS)[number];
export type Bits = (typeof BITS)[number];

export const ROWS_WIDTHS: readonly [bigint, bigint] = [64n, 1n << 20n];

/** The side of a block of `pages`: a page of 4 KiB is a square of it at 8 bits. */
export const BLOCK = 64;

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

/**
 * Bytes that one row shows, which is also one row of the BMP.
 *
 * @throws RangeError The picture is no BMP, for its rows are no ranges of bytes.
 */
export function rowBytes(shape: Geometry): number {
  if (!(BMP_LAYOUTS as readonly LayoutName[]).includes(shape.layout)) {
    throw new RangeError(`a picture in layout ${shape.layout} is no BMP`);
  }
  return shape.width * pixelBytes(shape);
}

/**
 * Bytes of the whole raster; more than `size` in `rows`, at most `size` in `classic`.
 *
 * @throws RangeError The picture is no BMP.
 */
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
 * The geometry of a region of `size` bytes. All layouts but `classic` cover every byte.
 *
 * `rows`: without a width it takes the power of two next above the square root of the pixel count,
 * from 64 to 2^20, so that a 4 KiB page is a 64×64 square at 8 bits.
 *
 * `classic` is Dump2Picture 2.2.3: a square of side √pixels, its width rounded down to a multiple
 * of 8 at 8 bits and of 2 otherwise, its height to a multiple of 2; the bytes past the square have
 * no pixel. At 24 bits the width is rounded down to a multiple of 4 instead: the original's rows of
 * 358 × 3 bytes are not whole 4-byte words and every viewer shears them.
 *
 * `hilbert` is the curve of the least order k that is long enough: 2^k pixels wide and as high, or
 * half as high where the first half of the curve, which is the upper one, is long enough.
 *
 * `pages` takes the width that `rows` takes, and is whole blocks high.
 *
 * @throws LayoutError No bytes; a width whose rows would need padding, or that is not whole blocks
 *   of `pages`, or that is given for `classic` or `hilbert`; a region too small for `classic`.
 */
export function geometry(
  layout: LayoutName,
  bits: Bits,
  size: bigint,
  width: number | null = null,
): Geometry {
  if (size < 1n) throw new LayoutError('a picture needs at least one byte');
  const bytes = BigInt(bits / 8);
  if ((layout === 'classic' || layout === 'hilbert') && width !== null) {
    throw new LayoutError(`layout ${layout} computes its width; give a width with layout rows`);
  }
  if (layout === 'classic') {
    const side = squareRoot(size / bytes);
    const columns = side - (side % { 8: 8n, 16: 2n, 24: 4n, 32: 2n }[bits]);
    const rows = side - (side % 2n);
    if (columns === 0n || rows === 0n) {
      throw new LayoutError(`${size} bytes are too few for layout classic at ${bits} bits`);
    }
    return { layout, bits, size, width: Number(columns), height: Number(rows) };
  }
  const pixels = (size + bytes - 1n) / bytes;
  if (layout === 'hilbert') {
    let side = 1n;
    while (side * side < pixels) side *= 2n;
    const half = 2n * pixels <= side * side;
    return { layout, bits, size, width: Number(side), height: Number(half ? side / 2n : side) };
  }
  const columns = width ?? rowsWidth(pixels);
  const step = layout === 'pages' ? BLOCK : widthStep(bits);
  if (!Number.isInteger(columns) || columns < 1 || columns % step !== 0) {
    const why = layout === 'pages' ? 'cuts blocks of pages' : `at ${bits} bits needs padded rows`;
    throw new LayoutError(`width ${columns} ${why}; use a multiple of ${step}`);
  }
  if (layout === 'pages') {
    const blockRow = BigInt(columns * BLOCK);
    const blockRows = (pixels + blockRow - 1n) / blockRow;
    return { layout, bits, size, width: columns, height: Number(blockRows) * BLOCK };
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
 * Where the curve of this order is after `number` steps.
 *
 * It visits the quarters clockwise from the top left one. The two on the right are curves like the
 * whole; the first is one whose x and y are swapped, and so is the last, which is turned by 180°,
 * too. Swapping and turning commute, so that two flags tell how a quarter of a quarter lies.
 */
function hilbertPixel(order: number, number: bigint): Pixel {
  let x = 0;
  let y = 0;
  let swapped = false;
  let turned = 0;
  for (const digit of number.toString(4).padStart(order, '0')) {
    const quarter = Number(digit);
    const down = quarter >> 1;
    const right = down ^ (quarter & 1);
    x = x * 2 + ((swapped ? down : right) ^ turned);
    y = y * 2 + ((swapped ? right : down) ^ turned);
    if (quarter === 0 || quarter === 3) swapped = !swapped;
    if (quarter === 3) turned ^= 1;
  }
  return { x, y };
}

/** After how many steps the curve of this order is at (x, y). */
function hilbertNumber(order: number, x: number, y: number): bigint {
  let number = 0n;
  let swapped = false;
  let turned = 0;
  for (let unit = 2 ** (order - 1); unit >= 1; unit /= 2) {
    const column = (Math.floor(x / unit) % 2) ^ turned;
    const row = (Math.floor(y / unit) % 2) ^ turned;
    const down = swapped ? column : row;
    const quarter = (down << 1) | (column ^ row);
    number = number * 4n + BigInt(quarter);
    if (quarter === 0 || quarter === 3) swapped = !swapped;
    if (quarter === 3) turned ^= 1;
  }
  return number;
}

/** The pixel of a number; below the picture for the tail that `classic` leaves out. */
export function numberToPixel(shape: Geometry, number: bigint): Pixel {
  if (shape.layout === 'hilbert') return hilbertPixel(Math.log2(shape.width), number);
  const width = BigInt(shape.width);
  if (shape.layout === 'pages') {
    const side = BigInt(BLOCK);
    const block = number / (side * side);
    const inside = Number(number % (side * side));
    const perRow = width / side;
    return {
      x: Number(block % perRow) * BLOCK + (inside % BLOCK),
      y: Number(block / perRow) * BLOCK + Math.floor(inside / BLOCK),
    };
  }
  return { x: Number(number % width), y: Number(number / width) };
}

/** The number of a pixel of the picture; of blank ones, too, which have the highest. */
export function pixelToNumber(shape: Geometry, x: number, y: number): bigint {
  if (shape.layout === 'hilbert') return hilbertNumber(Math.log2(shape.width), x, y);
  if (shape.layout === 'pages') {
    const block =
      BigInt(Math.floor(y / BLOCK)) * BigInt(shape.width / BLOCK) + BigInt(Math.floor(x / BLOCK));
    return block * BigInt(BLOCK * BLOCK) + BigInt((y % BLOCK) * BLOCK + (x % BLOCK));
  }
  return BigInt(y) * BigInt(shape.width) + BigInt(x);
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
  const pixel = numberToPixel(shape, offset / BigInt(pixelBytes(shape)));
  return pixel.y < shape.height ? pixel : null;
}

/** Bytes that one pixel shows: `count` of them from `offset`. */
export interface PixelBytes {
  readonly offset: bigint;
  readonly count: number;
}

/**
 * The bytes of the region under pixel (x, y); null for a blank one.
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
  const offset = pixelToNumber(shape, x, y) * bytes;
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
 * Null where the picture has nothing: outside it, and where its pixels are blank.
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
 * @throws RangeError The picture is no BMP.
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

/** Bytes of pictures, read from their BMPs a block at a time. */

import type { ByteSource, Stretch } from './byte_source';
import { rowBytes } from './layout';
import type { Picture } from './manifest';

/** Bytes that are asked for at once, and how many such blocks are kept. */
const BLOCK = 4096;
const BLOCKS_KEPT = 64;

/** Where `count` bytes of a region from `offset` lie in the files of its picture. */
export function stretchesOf(picture: Picture, offset: bigint, count: number): Stretch[] {
  const { shape, bmp, path } = picture;
  const perRow = BigInt(rowBytes(shape));
  const end = offset + BigInt(count);
  const found: Stretch[] = [];
  bmp.forEach((part, index) => {
    const begins = BigInt(part.firstRow) * perRow;
    // What `classic` leaves out of the picture lies behind the last raster.
    const last = index === bmp.length - 1 && shape.layout === 'classic';
    const ends = last ? shape.size : begins + BigInt(part.rows) * perRow;
    const from = offset > begins ? offset : begins;
    const to = end < ends ? end : ends;
    if (from >= to) return;
    const at = part.offset + Number(from - begins);
    found.push({ file: `${path}/${part.file}`, at, count: Number(to - from) });
  });
  return found;
}

export class PictureBytes {
  private readonly blocks = new Map<string, Uint8Array>();

  constructor(private readonly source: ByteSource) {}

  /** Bytes that are at hand; null where they would have to be asked for. */
  cached(picture: Picture, offset: bigint, count: number): Uint8Array | null {
    const found = new Uint8Array(count);
    for (let done = 0; done < count; ) {
      const at = offset + BigInt(done);
      const block = this.blocks.get(keyOf(picture, at));
      if (!block) return null;
      const inside = Number(at % BigInt(BLOCK));
      const piece = block.subarray(inside, inside + count - done);
      if (piece.length === 0) return null;
      found.set(piece, done);
      done += piece.length;
    }
    return found;
  }

  /** Bytes of a region; null where the source does not give them. */
  async read(
    picture: Picture,
    offset: bigint,
    count: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    const size = BigInt(BLOCK);
    for (let at = offset - (offset % size); at < offset + BigInt(count); at += size) {
      const key = keyOf(picture, at);
      if (this.blocks.has(key)) continue;
      const left = picture.shape.size - at;
      const wanted = Number(left < size ? left : size);
      const block = await this.readBlock(stretchesOf(picture, at, wanted), wanted, signal);
      if (!block) return null;
      this.keep(key, block);
    }
    return this.cached(picture, offset, count);
  }

  private async readBlock(
    stretches: readonly Stretch[],
    count: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    const block = new Uint8Array(count);
    let done = 0;
    for (const stretch of stretches) {
      const bytes = await this.source(stretch, signal);
      if (bytes?.length !== stretch.count) return null;
      block.set(bytes, done);
      done += bytes.length;
    }
    return done === count ? block : null;
  }

  private keep(key: string, block: Uint8Array): void {
    this.blocks.set(key, block);
    const [oldest] = this.blocks.keys();
    if (this.blocks.size > BLOCKS_KEPT && oldest !== undefined) this.blocks.delete(oldest);
  }
}

function keyOf(picture: Picture, offset: bigint): string {
  return `${picture.path} ${picture.first} ${offset / BigInt(BLOCK)}`;
}

/** Atlas pixel ↔ memory: what lies under a pixel, and where an address lies. */

import { addressToAtlas, atlasToAddress, type Pixel } from './layout';
import type { Atlas, Gap, PlacedRegion, Rectangle, Region } from './manifest';
import { RectangleIndex } from './rectangle_index';
import { SpanIndex } from './spans';

/** Bytes of a placed region: what one pixel shows. */
export interface Memory {
  readonly what: 'memory';
  readonly placed: PlacedRegion;
  readonly address: bigint;
  readonly offset: bigint;
  readonly count: number;
}

/** What lies under a pixel. */
export type Place =
  | Memory
  | { readonly what: 'gap'; readonly gap: Gap }
  | { readonly what: 'nothing' };

export const NOTHING = { what: 'nothing' } as const;

/** The rectangle of a placed picture. */
export function pictureRectangle({ x, y, shape }: PlacedRegion): Rectangle {
  return { x, y, width: shape.width, height: shape.height };
}

/** The smallest rectangle around a placed picture and its name. */
export function namedRectangle(placed: PlacedRegion): Rectangle {
  const picture = pictureRectangle(placed);
  const { label } = placed;
  const x = Math.min(picture.x, label.x);
  const y = Math.min(picture.y, label.y);
  return {
    x,
    y,
    width: Math.max(picture.x + picture.width, label.x + label.width) - x,
    height: Math.max(picture.y + picture.height, label.y + label.height) - y,
  };
}

/** The placed pictures and gaps of one atlas, found by pixel and by address. */
export class AtlasIndex {
  readonly pictures: RectangleIndex<PlacedRegion>;
  readonly labels: RectangleIndex<PlacedRegion>;
  readonly gaps: RectangleIndex<Gap>;
  private readonly spans: SpanIndex<Region>;
  private readonly placements: ReadonlyMap<Region, PlacedRegion>;

  constructor(readonly atlas: Atlas) {
    const { width, height } = atlas;
    this.pictures = new RectangleIndex(atlas.placements, pictureRectangle, width, height);
    this.labels = new RectangleIndex(atlas.placements, ({ label }) => label, width, height);
    this.gaps = new RectangleIndex(atlas.gaps, (gap) => gap, width, height);
    this.spans = new SpanIndex(atlas.placements.map(({ region }) => region));
    this.placements = new Map(atlas.placements.map((placed) => [placed.region, placed]));
  }

  /** What the pixel (x, y) shows; pixels outside the atlas show nothing. */
  placeAt(x: number, y: number): Place {
    const { width, height } = this.atlas;
    if (!(x >= 0 && y >= 0 && x < width && y < height)) return NOTHING;
    const placed = this.pictures.at(x, y);
    if (placed) {
      const found = atlasToAddress(placed, x, y);
      if (!found) return NOTHING;
      const offset = found.address - placed.start;
      return { what: 'memory', placed, address: found.address, offset, count: found.count };
    }
    const gap = this.gaps.at(x, y);
    return gap ? { what: 'gap', gap } : NOTHING;
  }

  /** Where `region` is placed in this atlas. */
  placementOf(region: Region): PlacedRegion | null {
    return this.placements.get(region) ?? null;
  }

  /** The pixel that shows `address`. */
  pixelOf(address: bigint): Pixel | null {
    const region = this.spans.holding(address);
    const placed = region && this.placementOf(region);
    return placed && addressToAtlas(placed, address);
  }
}

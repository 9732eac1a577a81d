/** The pointer: what it is on, told to the status line. */

import { formatHex, formatSpaceAddress } from './address';
import { type AtlasIndex, type Memory, NOTHING, type Place } from './atlas';
import type { Pixel } from './layout';
import type { Region } from './manifest';
import type { AtlasMap } from './map';
import type { Presence, RunLists } from './runs';
import type { StatusLine } from './status';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** What lies under a point of the window; see `memtiles.locate`. */
export interface Located {
  readonly state: Presence | 'gap' | 'none';
  readonly address: string | null;
  readonly region: number | null;
  readonly offset: string | null;
  readonly count: number;
}

export class Pointer {
  /** The region and the pixel of memory under the pointer. */
  region: Region | null = null;
  pixel: Pixel | null = null;

  private at: Point | null = null;
  private kept: Memory | null = null;

  constructor(
    private readonly map: AtlasMap,
    private readonly status: StatusLine,
    private readonly index: () => AtlasIndex | null,
    private readonly runs: RunLists,
    private readonly onChange: () => void,
    /** Told what memory the status line tells about, again and again. */
    private readonly onTold: (memory: Memory | null) => void,
  ) {
    const surface = map.viewer.canvas;
    surface.addEventListener('pointermove', ({ clientX, clientY }) =>
      this.move({ x: clientX, y: clientY }),
    );
    surface.addEventListener('pointerleave', ({ pointerType }) => {
      // A finger leaves with every tap, and what it tapped should stay readable.
      if (pointerType === 'mouse') this.move(null);
    });
    // The memory moves under a pointer that rests.
    map.viewer.addHandler('viewport-change', () => this.update());
    this.update();
  }

  move(at: Point | null): void {
    this.at = at;
    this.update();
  }

  /** The memory to tell about while the pointer is away: what is marked. */
  keep(memory: Memory | null): void {
    this.kept = memory;
    this.update();
  }

  /** What lies under a point of the window; null outside the map. */
  placeAt({ x, y }: Point): Place | null {
    const pixel = this.map.pixelAt(x, y);
    const index = this.index();
    return pixel && index ? index.placeAt(pixel.x, pixel.y) : null;
  }

  locate(point: Point): Located | null {
    const place = this.placeAt(point);
    if (place?.what !== 'memory') {
      const state = place?.what === 'gap' ? 'gap' : 'none';
      return place && { state, address: null, region: null, offset: null, count: 0 };
    }
    const { region } = place.placed;
    return {
      state: this.presence(place),
      address: formatSpaceAddress({ space: region.space, address: place.address }),
      region: region.index,
      offset: formatHex(place.offset),
      count: place.count,
    };
  }

  /** Tells about the same point anew: what is known of it may have changed. */
  update(): void {
    const place = this.at && this.placeAt(this.at);
    if (!this.at && this.kept) this.status.showMemory(this.kept, this.presence(this.kept));
    else if (!this.at) this.status.showIdle();
    else if (place?.what === 'memory') this.status.showMemory(place, this.presence(place));
    else this.status.showOther(place ?? NOTHING);
    const pointed = place?.what === 'memory' ? place : null;
    this.point(pointed);
    this.onTold(this.at ? pointed : this.kept);
  }

  private point(memory: Memory | null): void {
    const pixel = memory && this.at && this.map.pixelAt(this.at.x, this.at.y);
    const region = memory?.placed.region ?? null;
    const same = pixel?.x === this.pixel?.x && pixel?.y === this.pixel?.y;
    if (region === this.region && same) return;
    this.region = region;
    this.pixel = pixel;
    this.onChange();
  }

  /** Whether bytes of the region of `memory` are there: what it shows, or others. */
  presence({ placed, ...shown }: Memory, offset = shown.offset, count = shown.count): Presence {
    const { picture } = placed.region;
    return picture ? this.runs.presence(picture, offset, count) : 'hole';
  }
}

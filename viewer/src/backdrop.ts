/**
 * The backdrop: what shows through the map where its tiles are transparent.
 *
 * Under every picture with holes, in its exact shape, lies a diagonal hatch. Tiles are transparent exactly where
 * bytes are missing, so the hatch appears exactly there.
 */

import { wholeAreas } from './areas';
import type { AtlasIndex } from './atlas';
import { Hatch } from './hatch';
import { clearedContext, toWindow, type View, visibleArea } from './view';

/** Tinted, so that no grey of a byte can be mistaken for it. */
const HATCH_GROUND = '#2b2147';
const HATCH_LINE = '#7562b8';

export class Backdrop {
  private readonly hatch = new Hatch(HATCH_GROUND, HATCH_LINE);

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(index: AtlasIndex, view: View): void {
    const context = clearedContext(this.canvas, view);
    context.fillStyle = this.hatch.patternFor(context, view);
    for (const placed of index.pictures.touching(visibleArea(view))) {
      // A region without holes needs no hatch, and would only flash it while its tiles load.
      if (placed.region.present === placed.region.size) continue;
      for (const area of wholeAreas(placed.shape)) {
        const box = { ...area, x: placed.x + area.x, y: placed.y + area.y };
        const { x, y, width, height } = toWindow(view, box);
        context.fillRect(x, y, width, height);
      }
    }
  }
}

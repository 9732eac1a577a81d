/**
 * The backdrop: what shows through the map where its tiles are transparent.
 *
 * Under every picture with holes, in its exact shape, lies a diagonal hatch. Tiles are transparent exactly where
 * bytes are missing, so the hatch appears exactly there.
 */

import { type AtlasIndex, pictureRectangle } from './atlas';
import { offsetToPixel } from './layout';
import type { PlacedRegion, Rectangle } from './manifest';
import { clearedContext, toWindow, type View, visibleArea } from './view';

/** Tinted, so that no grey of a byte can be mistaken for it. */
const HATCH_GROUND = '#2b2147';
const HATCH_LINE = '#7562b8';
/** CSS pixels from one hatch line to the next. */
const HATCH_STEP = 8;

export class Backdrop {
  private hatch: { readonly ratio: number; readonly pattern: CanvasPattern } | null = null;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  draw(index: AtlasIndex, view: View): void {
    const context = clearedContext(this.canvas, view);
    const { pattern, step } = this.hatchFor(context, view.ratio);
    // The lines stand still on the memory instead of in the window, so that they read as its surface.
    pattern.setTransform(new DOMMatrix([1, 0, 0, 1, view.left % step, view.top % step]));
    context.fillStyle = pattern;
    for (const placed of index.pictures.touching(visibleArea(view))) {
      // A region without holes needs no hatch, and would only flash it while its tiles load.
      if (placed.region.present === placed.region.size) continue;
      for (const part of regionShape(placed)) {
        const { x, y, width, height } = toWindow(view, part);
        context.fillRect(x, y, width, height);
      }
    }
  }

  private hatchFor(context: CanvasRenderingContext2D, ratio: number) {
    const step = Math.round(HATCH_STEP * ratio);
    if (this.hatch?.ratio !== ratio) {
      const tile = document.createElement('canvas');
      tile.width = step;
      tile.height = step;
      const pen = tile.getContext('2d');
      if (!pen) throw new Error('this browser draws no canvas');
      pen.fillStyle = HATCH_GROUND;
      pen.fillRect(0, 0, step, step);
      pen.strokeStyle = HATCH_LINE;
      pen.lineWidth = 1.25 * ratio;
      pen.beginPath();
      for (const shift of [-step, 0, step]) {
        pen.moveTo(shift - 1, step + 1);
        pen.lineTo(shift + step + 1, -1);
      }
      pen.stroke();
      const pattern = context.createPattern(tile, 'repeat');
      if (!pattern) throw new Error('this browser draws no pattern');
      this.hatch = { ratio, pattern };
    }
    return { pattern: this.hatch.pattern, step };
  }
}

/** Whole rows, then the last row as far as it holds bytes. */
function regionShape(placed: PlacedRegion): Rectangle[] {
  const box = pictureRectangle(placed);
  const last = offsetToPixel(placed.shape, placed.shape.size - 1n);
  if (!last || last.x === box.width - 1) return [box];
  return [
    { ...box, height: last.y },
    { x: box.x, y: box.y + last.y, width: last.x + 1, height: 1 },
  ];
}

/** A diagonal hatch, in which what the dump does not hold is drawn. */

import type { View } from './view';

/** CSS pixels from one line to the next. */
const STEP = 8;

export class Hatch {
  private made: { readonly ratio: number; readonly pattern: CanvasPattern } | null = null;

  constructor(
    private readonly ground: string,
    private readonly line: string,
  ) {}

  /** The pattern. Its lines stand still on the memory, so that they read as its surface. */
  patternFor(context: CanvasRenderingContext2D, { ratio, left, top }: View): CanvasPattern {
    const step = Math.round(STEP * ratio);
    if (this.made?.ratio !== ratio) this.made = { ratio, pattern: this.make(context, step, ratio) };
    const { pattern } = this.made;
    pattern.setTransform(new DOMMatrix([1, 0, 0, 1, left % step, top % step]));
    return pattern;
  }

  private make(context: CanvasRenderingContext2D, step: number, ratio: number): CanvasPattern {
    const tile = document.createElement('canvas');
    tile.width = step;
    tile.height = step;
    const pen = tile.getContext('2d');
    if (!pen) throw new Error('this browser draws no canvas');
    pen.fillStyle = this.ground;
    pen.fillRect(0, 0, step, step);
    pen.strokeStyle = this.line;
    pen.lineWidth = 1.25 * ratio;
    pen.beginPath();
    for (const shift of [-step, 0, step]) {
      pen.moveTo(shift - 1, step + 1);
      pen.lineTo(shift + step + 1, -1);
    }
    pen.stroke();
    const pattern = context.createPattern(tile, 'repeat');
    if (!pattern) throw new Error('this browser draws no pattern');
    return pattern;
  }
}

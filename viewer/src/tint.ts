/** Tints: what the manifest knows about regions, laid over whatever lens shows them. */

import { wholeAreas } from './areas';
import { Hatch } from './hatch';
import { holesOf } from './holes';
import { KIND_COLOURS } from './kinds';
import type { PlacedRegion, Rectangle } from './manifest';
import { PROTECTION_SWATCHES, protectionsOf } from './protection';
import type { RunLists } from './runs';
import { toWindow, type View, visibleArea } from './view';

export const TINTS = ['none', 'kind', 'protection', 'missing'] as const;
export type Tint = (typeof TINTS)[number];

/** Enough to tell the colours, and little enough to read the bytes below. */
const ALPHA = 0.45;
/** CSS pixels that a hole is wide and high at least: one that is not seen might as well not be. */
const SMALLEST_HOLE = 3;
const HOLE_GROUND = 'rgb(60 8 52 / 80%)';
const HOLE_LINE = '#ff7ad9';

const holeHatch = new Hatch(HOLE_GROUND, HOLE_LINE);

export function drawTint(
  context: CanvasRenderingContext2D,
  tint: Tint,
  visible: readonly PlacedRegion[],
  view: View,
  runs: RunLists,
): void {
  if (tint === 'missing') drawMissing(context, visible, view, runs);
  else if (tint !== 'none') drawColours(context, tint, visible, view);
}

function drawColours(
  context: CanvasRenderingContext2D,
  tint: 'kind' | 'protection',
  visible: readonly PlacedRegion[],
  view: View,
): void {
  // By colour, because a canvas that changes its own for each of 20,000 boxes is slow.
  const boxes = new Map<string, Rectangle[]>();
  for (const placed of visible) {
    for (const { colour, areas } of coloursOf(placed, tint)) {
      let same = boxes.get(colour);
      if (!same) {
        same = [];
        boxes.set(colour, same);
      }
      for (const area of areas) same.push(windowBox(placed, area, view));
    }
  }
  context.globalAlpha = ALPHA;
  for (const [colour, same] of boxes) {
    context.fillStyle = colour;
    for (const { x, y, width, height } of same) context.fillRect(x, y, width, height);
  }
  context.globalAlpha = 1;
}

function coloursOf(
  placed: PlacedRegion,
  tint: 'kind' | 'protection',
): readonly { colour: string; areas: readonly Rectangle[] }[] {
  if (tint === 'kind') {
    return [{ colour: KIND_COLOURS[placed.region.kind], areas: wholeAreas(placed.shape) }];
  }
  return protectionsOf(placed).map(({ protection, areas }) => ({
    colour: PROTECTION_SWATCHES[protection].colour,
    areas,
  }));
}

function windowBox(placed: PlacedRegion, area: Rectangle, view: View): Rectangle {
  return toWindow(view, { ...area, x: placed.x + area.x, y: placed.y + area.y });
}

/**
 * Holes of which the run lists are there. Those that are asked for here come a few at a time, and
 * each draws the overlay anew.
 */
function drawMissing(
  context: CanvasRenderingContext2D,
  visible: readonly PlacedRegion[],
  view: View,
  runs: RunLists,
): void {
  context.fillStyle = holeHatch.patternFor(context, view);
  const smallest = Math.round(SMALLEST_HOLE * view.ratio);
  const spots = new Spots(view, smallest);
  const { x, y, width, height } = visibleArea(view);
  for (const placed of visible) {
    const { picture, present, size } = placed.region;
    if (!picture || present === size) continue;
    const list = runs.listOf(picture);
    if (!list) continue;
    const seen = { x: x - placed.x, y: y - placed.y, width, height };
    for (const area of holesOf(placed, list).touching(seen)) {
      const box = windowBox(placed, area, view);
      if (box.width >= smallest && box.height >= smallest) {
        context.fillRect(box.x, box.y, box.width, box.height);
      } else if (spots.take(box)) {
        const [width, height] = [Math.max(box.width, smallest), Math.max(box.height, smallest)];
        context.fillRect(box.x, box.y, width, height);
      }
    }
  }
}

/** Small boxes, of which one in each spot of the window is enough: there may be a million holes. */
class Spots {
  private readonly taken = new Set<number>();

  constructor(
    private readonly view: View,
    private readonly side: number,
  ) {}

  /** Whether the box is in the window, and the first of its width that begins in its spot. */
  take({ x, y, width, height }: Rectangle): boolean {
    if (x >= this.view.width || y >= this.view.height || x + width < 0 || y + height < 0)
      return false;
    const [column, row, wide] = [x, y, width].map((value) => Math.floor(value / this.side)) as [
      number,
      number,
      number,
    ];
    if (wide > 0) return true;
    const spot = row * 65_536 + column;
    if (this.taken.has(spot)) return false;
    this.taken.add(spot);
    return true;
  }
}

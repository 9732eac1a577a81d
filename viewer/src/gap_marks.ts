/** Gap marks: a torn edge with the size of what lies between two regions. */

import type { AtlasIndex } from './atlas';
import { formatBytes } from './bytes';
import { LABEL_FONT } from './labels';
import type { Gap } from './manifest';
import { textWidth } from './text';
import { toWindow, type View, visibleArea } from './view';

const MARK_COLOUR = '#827ca8';
const TEXT_COLOUR = '#b4b0d0';
const TEXT_SIZE = 11;

export function drawGapMarks(
  context: CanvasRenderingContext2D,
  index: AtlasIndex,
  view: View,
): void {
  for (const gap of index.gaps.touching(visibleArea(view))) drawGapMark(context, gap, view);
}

/** Draws along the gap's longer side, turned so that one drawing serves both directions. */
function drawGapMark(context: CanvasRenderingContext2D, gap: Gap, view: View): void {
  const box = toWindow(view, gap);
  const upright = box.height >= box.width;
  const [length, thickness] = upright ? [box.height, box.width] : [box.width, box.height];
  if (thickness < 3 * view.ratio || length < 8 * view.ratio) return;
  const size = TEXT_SIZE * view.ratio;
  context.save();
  context.font = `${size}px ${LABEL_FONT}`;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  const text = formatBytes(gap.size);
  const textRoom = textWidth(context, text) + size;
  const level = box.width >= textRoom;
  const opening = level && upright ? size * 2 : textRoom;
  const withText = length >= opening + 2 * size && thickness >= size * 1.3;
  context.translate(box.x + box.width / 2, box.y + box.height / 2);
  context.save();
  if (upright) context.rotate(-Math.PI / 2);
  if (withText) {
    drawTear(context, -length / 2, -opening / 2, thickness, view.ratio);
    drawTear(context, opening / 2, length / 2, thickness, view.ratio);
  } else {
    drawTear(context, -length / 2, length / 2, thickness, view.ratio);
  }
  if (level) context.restore();
  if (withText) {
    context.fillStyle = TEXT_COLOUR;
    context.fillText(text, 0, 0);
  }
  if (!level) context.restore();
  context.restore();
}

/** A zigzag from `start` to `end` along the axis: paper torn off, as drawings mark what is left out. */
function drawTear(
  context: CanvasRenderingContext2D,
  start: number,
  end: number,
  thickness: number,
  ratio: number,
): void {
  const step = Math.max(3 * ratio, Math.min(thickness / 2, 6 * ratio));
  const swing = Math.min(thickness / 2, 5 * ratio) * 0.7;
  context.strokeStyle = MARK_COLOUR;
  context.lineWidth = 1.25 * ratio;
  context.lineJoin = 'round';
  context.beginPath();
  let side = 1;
  for (let at = start; at <= end; at += step) {
    if (at === start) context.moveTo(at, 0);
    else context.lineTo(at, side * swing);
    side = -side;
  }
  context.stroke();
}

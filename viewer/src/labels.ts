/** Names of regions on the map: more text with more room, and never one over another. */

import { formatHex } from './address';
import { type AtlasIndex, pictureRectangle } from './atlas';
import { formatBytes } from './bytes';
import { KIND_COLOURS } from './kinds';
import type { PlacedRegion, Rectangle } from './manifest';
import { fitText, textWidth } from './text';
import { toWindow, type View, visibleArea } from './view';

export const LABEL_FONT = 'system-ui, "Segoe UI", "Liberation Sans", sans-serif';

/** CSS pixels: below the smallest nobody reads; above the largest a name only takes room. */
const SMALLEST_TEXT = 10;
const LARGEST_TEXT = 15;
const CHIP_TEXT = 12;
const MARGIN = 8;
const AIR = 5;
const DETAIL_COLOUR = '#a9a6c9';

/**
 * Draws each name into the room that the atlas keeps free for it. Rooms are disjoint, so names cannot
 * collide. Where zooming out has made the room too small to read, the name of a picture that is still
 * large stands in the picture's own corner instead.
 */
export function drawLabels(context: CanvasRenderingContext2D, index: AtlasIndex, view: View): void {
  context.textBaseline = 'middle';
  const area = visibleArea(view);
  for (const placed of index.labels.touching(area)) {
    if (readable(placed, view)) drawInRoom(context, placed, view);
  }
  for (const placed of index.pictures.touching(area)) {
    if (!readable(placed, view)) drawChip(context, placed, view);
  }
}

function readable({ label }: PlacedRegion, view: View): boolean {
  return label.height * view.scale >= (SMALLEST_TEXT + 2) * view.ratio;
}

function drawInRoom(context: CanvasRenderingContext2D, placed: PlacedRegion, view: View): void {
  const { region, label } = placed;
  const box = toWindow(view, label);
  const { x, right } = visibleExtent(box, view);
  const size = Math.min(box.height / 1.2, LARGEST_TEXT * view.ratio);
  const room = right - x;
  context.font = `600 ${size}px ${LABEL_FONT}`;
  const name = fitText(context, region.name, room);
  if (!name) return;
  const line = size * 1.25;
  const lines = box.height >= 2 * line ? 2 : 1;
  // A high room is filled from the picture's side, so that nobody wonders whose name it is.
  const above = label.y < placed.y;
  const spare = Math.max(0, box.height - lines * line);
  const air = Math.min(spare, AIR * view.ratio);
  const first = box.y + (above ? spare - air : air) + Math.min(line, box.height) / 2;
  context.fillStyle = KIND_COLOURS[region.kind];
  context.fillText(name, x, first);
  const details = `${formatHex(region.start)}  ${formatBytes(region.size)}`;
  const indent = lines === 2 ? 0 : textWidth(context, name) + size * 0.8;
  context.font = `${size * 0.85}px ${LABEL_FONT}`;
  // Half an address misleads: the details come whole or not at all.
  if (textWidth(context, details) > room - indent) return;
  context.fillStyle = DETAIL_COLOUR;
  context.fillText(details, x + indent, lines === 2 ? first + line : first);
}

function drawChip(context: CanvasRenderingContext2D, placed: PlacedRegion, view: View): void {
  const picture = toWindow(view, pictureRectangle(placed));
  const size = CHIP_TEXT * view.ratio;
  if (picture.width < size * 5 || picture.height < size * 2.6) return;
  context.font = `600 ${size}px ${LABEL_FONT}`;
  const { x, right } = visibleExtent(picture, view);
  const name = fitText(context, placed.region.name, right - x - size);
  if (!name) return;
  context.fillStyle = 'rgb(15 14 30 / 84%)';
  context.fillRect(x, picture.y, textWidth(context, name) + size, size * 1.6);
  context.fillStyle = KIND_COLOURS[placed.region.kind];
  context.fillText(name, x + size / 2, picture.y + size * 0.85);
}

/** From where to where a name may run: it stays readable while its room scrolls out to the left. */
function visibleExtent({ x, width }: Rectangle, view: View): { x: number; right: number } {
  return {
    x: x < 0 ? MARGIN * view.ratio : x,
    right: Math.min(x + width, view.width),
  };
}

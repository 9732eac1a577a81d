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
const DETAIL_COLOUR = '#a9a6c9';

/**
 * Draws each name into the room that the atlas keeps free for it. Rooms are disjoint, so names cannot
 * collide. Where zooming out has made the room too small to read, the name of a picture that is still
 * large stands in the picture's own corner instead.
 */
export function drawLabels(
  context: CanvasRenderingContext2D,
  index: AtlasIndex,
  view: View,
): void {
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
  const room = clipToWindow(toWindow(view, placed.label), view);
  const { region } = placed;
  const height = toWindow(view, placed.label).height;
  const size = Math.min(height / 1.2, LARGEST_TEXT * view.ratio);
  context.font = `600 ${size}px ${LABEL_FONT}`;
  const name = fitText(context, region.name, room.width);
  if (!name) return;
  const twoLines = height >= size * 2.7;
  const middle = room.y + (twoLines ? height / 2 - size * 0.62 : height / 2);
  context.fillStyle = KIND_COLOURS[region.kind];
  context.fillText(name, room.x, middle);
  const details = `${formatHex(region.start)}  ${formatBytes(region.size)}`;
  const indent = twoLines ? 0 : textWidth(context, name) + size * 0.8;
  context.font = `${size * 0.85}px ${LABEL_FONT}`;
  const detail = fitText(context, details, room.width - indent);
  // Half an address misleads: the details come whole or not at all.
  if (detail !== details) return;
  context.fillStyle = DETAIL_COLOUR;
  context.fillText(detail, room.x + indent, twoLines ? middle + size * 1.24 : middle);
}

function drawChip(context: CanvasRenderingContext2D, placed: PlacedRegion, view: View): void {
  const picture = toWindow(view, pictureRectangle(placed));
  const size = CHIP_TEXT * view.ratio;
  if (picture.width < size * 5 || picture.height < size * 2.6) return;
  context.font = `600 ${size}px ${LABEL_FONT}`;
  const inside = clipToWindow(picture, view);
  const name = fitText(context, placed.region.name, inside.width - size);
  if (!name) return;
  context.fillStyle = 'rgb(15 14 30 / 84%)';
  context.fillRect(inside.x, inside.y, textWidth(context, name) + size, size * 1.6);
  context.fillStyle = KIND_COLOURS[placed.region.kind];
  context.fillText(name, inside.x + size / 2, inside.y + size * 0.85);
}

/** The part in the window, so that a long name stays readable while its room scrolls out. */
function clipToWindow(box: Rectangle, view: View): Rectangle {
  const x = Math.max(box.x, 0);
  const y = Math.max(box.y, 0);
  return {
    x,
    y: Math.min(box.y, view.height),
    width: Math.min(box.x + box.width, view.width) - x,
    height: Math.min(box.y + box.height, view.height) - y,
  };
}

/** Names of regions on the map: more text with more room, and never one over another. */

import { formatHex } from './address';
import { type AtlasIndex, pictureRectangle } from './atlas';
import { formatBytes } from './bytes';
import { KIND_COLOURS } from './kinds';
import type { PlacedRegion, Rectangle, Region } from './manifest';
import { fitText, textWidth } from './text';
import { toWindow, type View, visibleArea } from './view';

export const LABEL_FONT = 'system-ui, "Segoe UI", "Liberation Sans", sans-serif';

/** CSS pixels: below the smallest nobody reads; above the largest a name only takes room. */
const SMALLEST_TEXT = 10;
const LARGEST_TEXT = 15;
const CHIP_TEXT = 12;
/** Height of a room per size of its text, so that no letter touches the outlines above and below. */
const ROOM_PER_TEXT = 1.4;
/** A name shrinks to this before it is cut. */
const CUT_TEXT = 11;
/** What stays free on both sides of a name. */
const SIDE = 5;
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
  return label.height * view.scale >= SMALLEST_TEXT * ROOM_PER_TEXT * view.ratio;
}

function drawInRoom(context: CanvasRenderingContext2D, placed: PlacedRegion, view: View): void {
  const { region, label } = placed;
  const box = toWindow(view, label);
  const { x, room } = visibleExtent(box, view);
  const full = Math.min(box.height / ROOM_PER_TEXT, LARGEST_TEXT * view.ratio);
  const { text: name, size } = fitName(context, region, room, full, CUT_TEXT * view.ratio);
  if (!name) return;
  const line = full * 1.25;
  const lines = box.height >= 2 * line ? 2 : 1;
  // A high room is filled from the picture's side, so that nobody wonders whose name it is.
  const above = label.y < placed.y;
  const spare = Math.max(0, box.height - lines * line);
  const air = Math.min(spare, AIR * view.ratio);
  const first = box.y + (above ? spare - air : air) + Math.min(line, box.height) / 2;
  context.fillStyle = KIND_COLOURS[region.kind];
  context.fillText(name, x, first);
  const start = formatHex(region.start);
  const amount = formatBytes(region.size);
  const details = name.includes(start) ? amount : `${start}  ${amount}`;
  const indent = lines === 2 ? 0 : textWidth(context, name) + size * 0.8;
  context.font = `${full * 0.85}px ${LABEL_FONT}`;
  // Half an address misleads: the details come whole or not at all.
  if (textWidth(context, details) > room - indent) return;
  context.fillStyle = DETAIL_COLOUR;
  context.fillText(details, x + indent, lines === 2 ? first + line : first);
}

function drawChip(context: CanvasRenderingContext2D, placed: PlacedRegion, view: View): void {
  const picture = toWindow(view, pictureRectangle(placed));
  const line = CHIP_TEXT * view.ratio;
  if (picture.width < line * 5 || picture.height < line * 2.6) return;
  const { x, room } = visibleExtent(picture, view);
  const { text } = fitName(context, placed.region, room, line, CUT_TEXT * view.ratio);
  if (!text) return;
  const air = SIDE * view.ratio;
  context.fillStyle = 'rgb(15 14 30 / 84%)';
  context.fillRect(x - air, picture.y, textWidth(context, text) + 2 * air, line * 1.6);
  context.fillStyle = KIND_COLOURS[placed.region.kind];
  context.fillText(text, x, picture.y + line * 0.85);
}

/**
 * The region's name as it fits the room, in the font that it leaves set: whole at `full` size, else
 * whole and smaller, else the address alone where the name is a kind and an address (the colour tells
 * the kind), else cut.
 */
function fitName(
  context: CanvasRenderingContext2D,
  region: Region,
  room: number,
  full: number,
  smallest: number,
): { text: string; size: number } {
  const start = formatHex(region.start);
  const wordings = region.name === `${region.kind} ${start}` ? [region.name, start] : [region.name];
  for (const text of wordings) {
    setFont(context, full);
    const fitting = Math.floor((full * room) / textWidth(context, text));
    if (fitting < Math.min(smallest, full)) continue;
    const size = Math.min(full, fitting);
    setFont(context, size);
    return { text, size };
  }
  const size = Math.min(smallest, full);
  setFont(context, size);
  return { text: fitText(context, region.name, room), size };
}

function setFont(context: CanvasRenderingContext2D, size: number): void {
  context.font = `600 ${size}px ${LABEL_FONT}`;
}

/**
 * From where a name starts and how far it may run: clear of the outlines and names on both sides, and
 * readable while its room scrolls out to the left.
 */
function visibleExtent(box: Rectangle, view: View): { x: number; room: number } {
  const side = SIDE * view.ratio;
  const x = Math.max(box.x, 0) + side;
  return { x, room: Math.min(box.x + box.width, view.width) - side - x };
}

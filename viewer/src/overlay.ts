/** The overlay: one canvas over the map with tints, outlines, names, gap marks, and the marked byte. */

import { type AtlasIndex, pictureRectangle } from './atlas';
import { drawGapMarks } from './gap_marks';
import { KIND_COLOURS } from './kinds';
import { drawLabels } from './labels';
import type { Pixel } from './layout';
import type { Kind, PlacedRegion, Rectangle, Region } from './manifest';
import type { RunLists } from './runs';
import { drawTint, type Tint } from './tint';
import { clearedContext, toWindow, type View, visibleArea } from './view';

/** CSS pixels: smaller pictures than this would be nothing but outline. */
const SMALLEST_OUTLINED = 4;
/** CSS pixels across one byte from where lines between bytes help more than they hide. */
const GRID_SCALE = 28;
const GRID_COLOUR = 'rgb(150 140 220 / 30%)';
/** CSS pixels across one byte from where the byte under the pointer is framed. */
const POINTED_SCALE = 6;
const POINTED_COLOUR = '#8fb8ff';
const MARK_COLOUR = '#ffffff';
const MARK_EDGE = '#12101f';

/** What the reader has pointed at. */
export interface Highlights {
  readonly hovered: Region | null;
  readonly pointed: Pixel | null;
  readonly selected: Region | null;
  readonly marked: Pixel | null;
}

export function drawOverlay(
  canvas: HTMLCanvasElement,
  index: AtlasIndex,
  view: View,
  { hovered, pointed, selected, marked }: Highlights,
  tint: Tint,
  runs: RunLists,
): void {
  const context = clearedContext(canvas, view);
  const visible = index.pictures.touching(visibleArea(view));
  drawTint(context, tint, visible, view, runs);
  if (view.scale >= GRID_SCALE * view.ratio) drawByteGrid(context, visible, view);
  drawOutlines(context, visible, view);
  drawGapMarks(context, index, view);
  drawLabels(context, index, view);
  for (const placed of visible) {
    if (placed.region === selected) drawFrame(context, placed, view, 3);
    else if (placed.region === hovered) drawFrame(context, placed, view, 2);
  }
  if (pointed && view.scale >= POINTED_SCALE * view.ratio) drawPointed(context, pointed, view);
  if (marked) drawMark(context, marked, view);
}

/** Outlines lie outside their pictures: they hide no byte. */
function drawOutlines(
  context: CanvasRenderingContext2D,
  visible: readonly PlacedRegion[],
  view: View,
): void {
  const smallest = SMALLEST_OUTLINED * view.ratio;
  const width = Math.round(view.ratio);
  const paths = new Map<Kind, Path2D>();
  for (const placed of visible) {
    const box = toWindow(view, pictureRectangle(placed));
    if (box.width < smallest && box.height < smallest) continue;
    let path = paths.get(placed.region.kind);
    if (!path) {
      path = new Path2D();
      paths.set(placed.region.kind, path);
    }
    addFrame(path, box, width);
  }
  context.lineWidth = width;
  for (const [kind, path] of paths) {
    context.strokeStyle = KIND_COLOURS[kind];
    context.globalAlpha = 0.75;
    context.stroke(path);
  }
  context.globalAlpha = 1;
}

function drawFrame(
  context: CanvasRenderingContext2D,
  placed: PlacedRegion,
  view: View,
  cssWidth: number,
): void {
  const width = Math.round(cssWidth * view.ratio);
  const path = new Path2D();
  addFrame(path, toWindow(view, pictureRectangle(placed)), width);
  context.lineWidth = width;
  context.strokeStyle = cssWidth > 2 ? MARK_COLOUR : KIND_COLOURS[placed.region.kind];
  context.stroke(path);
}

function addFrame(path: Path2D, { x, y, width, height }: Rectangle, line: number): void {
  path.rect(x - line / 2, y - line / 2, width + line, height + line);
}

function drawByteGrid(
  context: CanvasRenderingContext2D,
  visible: readonly PlacedRegion[],
  view: View,
): void {
  context.fillStyle = GRID_COLOUR;
  const area = visibleArea(view);
  const line = Math.round(view.ratio);
  for (const placed of visible) {
    const left = Math.max(placed.x, Math.floor(area.x));
    const top = Math.max(placed.y, Math.floor(area.y));
    const right = Math.min(placed.x + placed.shape.width, Math.ceil(area.x + area.width));
    const bottom = Math.min(placed.y + placed.shape.height, Math.ceil(area.y + area.height));
    const box = toWindow(view, { x: left, y: top, width: right - left, height: bottom - top });
    for (let x = left + 1; x < right; x += 1) {
      context.fillRect(Math.round(view.left + x * view.scale), box.y, line, box.height);
    }
    for (let y = top + 1; y < bottom; y += 1) {
      context.fillRect(box.x, Math.round(view.top + y * view.scale), box.width, line);
    }
  }
}

function drawPointed(context: CanvasRenderingContext2D, pixel: Pixel, view: View): void {
  const path = new Path2D();
  addFrame(path, toWindow(view, { ...pixel, width: 1, height: 1 }), view.ratio);
  context.strokeStyle = POINTED_COLOUR;
  context.lineWidth = 1.5 * view.ratio;
  context.stroke(path);
}

/** A ring with a cross hair while bytes are small; a frame around the byte once it can hold one. */
function drawMark(context: CanvasRenderingContext2D, pixel: Pixel, view: View): void {
  const { ratio } = view;
  const box = toWindow(view, { ...pixel, width: 1, height: 1 });
  const path = new Path2D();
  if (box.width >= 10 * ratio) {
    addFrame(path, box, 2 * ratio);
  } else {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const radius = 9 * ratio;
    path.arc(x, y, radius, 0, 2 * Math.PI);
    for (const [right, down] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      path.moveTo(x + right * radius * 0.6, y + down * radius * 0.6);
      path.lineTo(x + right * radius * 1.5, y + down * radius * 1.5);
    }
  }
  // Light on dark on the bytes: one of the two is seen against any of them.
  for (const [colour, width] of [
    [MARK_EDGE, 5],
    [MARK_COLOUR, 2],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width * ratio;
    context.stroke(path);
  }
}

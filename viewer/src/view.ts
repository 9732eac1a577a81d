/** How the atlas lies in the window, and the canvases that follow it. All lengths in device pixels. */

import type { Rectangle } from './manifest';

export interface View {
  /** Device pixels across one atlas pixel. */
  readonly scale: number;
  /** Device pixels across one CSS pixel. */
  readonly ratio: number;
  /** Where the atlas has its top left corner. */
  readonly left: number;
  readonly top: number;
  /** The window's size. */
  readonly width: number;
  readonly height: number;
}

/** An atlas rectangle in the window, its edges on whole device pixels. */
export function toWindow(view: View, { x, y, width, height }: Rectangle): Rectangle {
  const left = Math.round(view.left + x * view.scale);
  const top = Math.round(view.top + y * view.scale);
  return {
    x: left,
    y: top,
    width: Math.round(view.left + (x + width) * view.scale) - left,
    height: Math.round(view.top + (y + height) * view.scale) - top,
  };
}

/** The part of the atlas plane that the window shows. */
export function visibleArea(view: View): Rectangle {
  return {
    x: -view.left / view.scale,
    y: -view.top / view.scale,
    width: view.width / view.scale,
    height: view.height / view.scale,
  };
}

/** A cleared context of `canvas` in the view's size. */
export function clearedContext(canvas: HTMLCanvasElement, view: View): CanvasRenderingContext2D {
  if (canvas.width !== view.width || canvas.height !== view.height) {
    canvas.width = view.width;
    canvas.height = view.height;
    canvas.style.width = `${view.width / view.ratio}px`;
    canvas.style.height = `${view.height / view.ratio}px`;
  }
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser draws no canvas');
  context.clearRect(0, 0, view.width, view.height);
  return context;
}

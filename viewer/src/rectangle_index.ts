/** Which of many disjoint rectangles are where. */

import type { Rectangle } from './manifest';

const CELLS_PER_SIDE = 256;

/**
 * Rectangles hashed into the cells of a coarse grid.
 *
 * The rectangles of an atlas never overlap, so a cell holds few of them however they are laid out,
 * and the grid costs no more than its cells and its rectangles together.
 */
export class RectangleIndex<T> {
  private readonly cells = new Map<number, number[]>();
  private readonly cellWidth: number;
  private readonly cellHeight: number;
  /** The number of the last search that found each item: cheaper than a set in every frame. */
  private readonly foundIn: Uint32Array;
  private search = 0;

  constructor(
    private readonly items: readonly T[],
    private readonly rectangleOf: (item: T) => Rectangle,
    private readonly width: number,
    private readonly height: number,
  ) {
    this.foundIn = new Uint32Array(items.length);
    this.cellWidth = Math.max(1, Math.ceil(width / CELLS_PER_SIDE));
    this.cellHeight = Math.max(1, Math.ceil(height / CELLS_PER_SIDE));
    items.forEach((item, index) => {
      for (const cell of this.cellsOf(rectangleOf(item))) {
        const held = this.cells.get(cell);
        if (held) held.push(index);
        else this.cells.set(cell, [index]);
      }
    });
  }

  /** The item whose rectangle holds the point. */
  at(x: number, y: number): T | null {
    const [cell] = this.cellsOf({ x, y, width: 1, height: 1 });
    for (const index of this.cells.get(cell as number) ?? []) {
      const item = this.items[index] as T;
      const box = this.rectangleOf(item);
      if (x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height) return item;
    }
    return null;
  }

  /** The items whose rectangles may touch `area`, each once. */
  touching(area: Rectangle): readonly T[] {
    const { x, y, width, height } = area;
    if (x <= 0 && y <= 0 && x + width >= this.width && y + height >= this.height) return this.items;
    this.search += 1;
    const found: T[] = [];
    for (const cell of this.cellsOf(area)) {
      for (const index of this.cells.get(cell) ?? []) {
        if (this.foundIn[index] === this.search) continue;
        this.foundIn[index] = this.search;
        found.push(this.items[index] as T);
      }
    }
    return found;
  }

  private *cellsOf({ x, y, width, height }: Rectangle): Generator<number> {
    const limit = CELLS_PER_SIDE - 1;
    const clamp = (cell: number) => Math.max(0, Math.min(limit, Math.floor(cell)));
    const lastColumn = clamp((x + width - 1) / this.cellWidth);
    const lastRow = clamp((y + height - 1) / this.cellHeight);
    for (let row = clamp(y / this.cellHeight); row <= lastRow; row += 1) {
      for (let column = clamp(x / this.cellWidth); column <= lastColumn; column += 1) {
        yield row * CELLS_PER_SIDE + column;
      }
    }
  }
}

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

  constructor(
    private readonly items: readonly T[],
    private readonly rectangleOf: (item: T) => Rectangle,
    width: number,
    height: number,
  ) {
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

  /** The items whose rectangles may touch `area`, each once, in their order. */
  touching(area: Rectangle): T[] {
    const found = new Set<number>();
    for (const cell of this.cellsOf(area)) {
      for (const index of this.cells.get(cell) ?? []) found.add(index);
    }
    return [...found].sort((a, b) => a - b).map((index) => this.items[index] as T);
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

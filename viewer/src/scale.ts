/** The scale: how much memory a stretch of the window is. */

import { formatBytes } from './bytes';
import type { Geometry } from './layout';

/** CSS pixels that the bar may be long at most. */
const LONGEST = 160;

export interface Scale {
  /** Bytes of one row that the bar spans, or of a square on it: a power of two. */
  readonly bytes: number;
  readonly across: 'row' | 'square';
  /** The bar's length in CSS pixels. */
  readonly length: number;
  /** What one pixel of the window stands for, or one pixel of the memory once that is larger. */
  readonly pixel: string;
}

/**
 * The scale where one atlas pixel is `size` CSS pixels wide.
 *
 * Only in `rows` and `classic` is what lies side by side a stretch of memory; in the other layouts it
 * is squares that are.
 */
export function scaleAt(size: number, shape: Pick<Geometry, 'layout' | 'bits'>): Scale {
  const bytes = shape.bits / 8;
  const pixel = pixelText(size, bytes);
  if (shape.layout === 'hilbert' || shape.layout === 'pages') {
    const side = 2 ** Math.floor(Math.log2(LONGEST / size));
    return { bytes: side * side * bytes, across: 'square', length: side * size, pixel };
  }
  const rowBytes = 2 ** Math.floor(Math.log2((LONGEST / size) * bytes));
  return { bytes: rowBytes, across: 'row', length: (rowBytes / bytes) * size, pixel };
}

function pixelText(size: number, pixelBytes: number): string {
  if (size >= 0.999) {
    const across = size < 10 ? Number(size.toFixed(1)) : Math.round(size);
    const pixels = across === 1 ? '1 pixel' : `${across} × ${across} pixels`;
    return `${formatBytes(pixelBytes)} = ${pixels}`;
  }
  // A pixel of the window covers an area of the atlas, so bytes grow with the square.
  return `1 pixel ≈ ${formatBytes(Math.round(pixelBytes / (size * size)))}`;
}

export function showScale(element: HTMLElement, { bytes, across, length, pixel }: Scale): void {
  const bar = element.querySelector<HTMLElement>('.scale-bar');
  const texts = element.querySelectorAll<HTMLElement>('.scale-text');
  if (bar) bar.style.width = `${length}px`;
  if (texts[0])
    texts[0].textContent = `${formatBytes(bytes)} ${across === 'row' ? 'of a row' : 'in a square this wide'}`;
  if (texts[1]) texts[1].textContent = pixel;
}

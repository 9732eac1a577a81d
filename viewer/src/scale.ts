/** The scale: how much memory a stretch of the window is. */

import { formatBytes } from './bytes';

/** CSS pixels that the bar may be long at most. */
const LONGEST = 160;

export interface Scale {
  /** Bytes of one row that the bar spans: a power of two. */
  readonly rowBytes: number;
  /** The bar's length in CSS pixels. */
  readonly length: number;
  /** What one pixel of the window stands for, or one pixel of the memory once that is larger. */
  readonly pixel: string;
}

/** The scale where one atlas pixel of `pixelBytes` bytes is `size` CSS pixels wide. */
export function scaleAt(size: number, pixelBytes: number): Scale {
  const rowBytes = 2 ** Math.floor(Math.log2((LONGEST / size) * pixelBytes));
  return {
    rowBytes,
    length: (rowBytes / pixelBytes) * size,
    pixel: pixelText(size, pixelBytes),
  };
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

export function showScale(element: HTMLElement, { rowBytes, length, pixel }: Scale): void {
  const bar = element.querySelector<HTMLElement>('.scale-bar');
  const texts = element.querySelectorAll<HTMLElement>('.scale-text');
  if (bar) bar.style.width = `${length}px`;
  if (texts[0]) texts[0].textContent = `${formatBytes(rowBytes)} of a row`;
  if (texts[1]) texts[1].textContent = pixel;
}

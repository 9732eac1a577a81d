/** The prints: the strips of the site, each a link to its file. */

import { formatBytes } from './bytes';
import { part } from './elements';
import type { Strip } from './manifest';

const MILLIMETRES_OF_AN_INCH = 25.4;

/** `100 × 18,400 px`. */
export function formatPixels({ width, height }: Strip): string {
  return `${width.toLocaleString('en')} × ${height.toLocaleString('en')} px`;
}

/** `8.5 × 1,557.9 mm`: the size on paper at the strip's own resolution. */
export function formatPaper({ width, height, dpi }: Strip): string {
  const length = (pixels: number) =>
    ((pixels / dpi) * MILLIMETRES_OF_AN_INCH).toLocaleString('en', { maximumFractionDigits: 1 });
  return `${length(width)} × ${length(height)} mm`;
}

/** Fills the list, and shows the box around it where there is something in it. */
export function showPrints(box: HTMLElement, strips: readonly Strip[]): void {
  const count = strips.length.toLocaleString('en');
  const [heading, list] = [box.querySelector('summary'), box.querySelector('ul')];
  if (!heading || !list) return;
  heading.textContent = `Prints (${count})`;
  list.replaceChildren(...strips.map(printItem));
  box.hidden = strips.length === 0;
}

function printItem(strip: Strip): HTMLElement {
  const link = document.createElement('a');
  link.className = 'print';
  link.href = strip.href;
  link.title = strip.name;
  link.append(
    part('print-name', strip.name),
    part('print-file', `${strip.format.toUpperCase()}, ${formatBytes(strip.size)}`),
    part('print-pixels', formatPixels(strip)),
    part('print-dpi', `${strip.dpi.toLocaleString('en')} dpi`),
    part('print-paper', formatPaper(strip)),
  );
  const item = document.createElement('li');
  item.append(link);
  return item;
}

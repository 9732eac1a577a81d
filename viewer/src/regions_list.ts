/** The list of regions: filterable, and only its visible rows exist, so that 65,536 are no burden. */

import { formatAddress, formatHex, parseAddress } from './address';
import { formatBytes, formatPercent } from './bytes';
import { element, part } from './elements';
import { KIND_COLOURS } from './kinds';
import type { Region } from './manifest';

/** CSS pixels; `--row` in the style sheet says the same. */
const ROW_HEIGHT = 50;
/** Rows drawn beyond either edge, so that scrolling shows no empty ones. */
const ROWS_BEYOND = 6;

/** The regions whose name or kind contains the text, or that hold the address it is. */
export function filterRegions(regions: readonly Region[], text: string): readonly Region[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return regions;
  const address = parseAddress(wanted);
  return regions.filter(
    ({ name, kind, start, size }) =>
      name.toLowerCase().includes(wanted) ||
      kind.includes(wanted) ||
      formatHex(start).startsWith(wanted) ||
      (address !== null && address >= start && address < start + size),
  );
}

/** How many of all regions are listed, in words. */
export function formatCount(shown: number, all: number): string {
  const regions = `${all.toLocaleString('en')} ${all === 1 ? 'region' : 'regions'}`;
  return shown === all ? regions : `${shown.toLocaleString('en')} of ${regions}`;
}

export class RegionsList {
  private shown: readonly Region[];
  private active = -1;

  constructor(
    private readonly regions: readonly Region[],
    private readonly addressBits: 32 | 64,
    private readonly filter: HTMLInputElement,
    private readonly count: HTMLElement,
    private readonly list: HTMLElement,
    private readonly onChoose: (region: Region) => void,
  ) {
    this.shown = regions;
    filter.addEventListener('input', () => this.applyFilter());
    filter.addEventListener('keydown', (event) => this.onKey(event));
    list.addEventListener('keydown', (event) => this.onKey(event));
    list.addEventListener('scroll', () => this.draw());
    list.addEventListener('click', (event) => {
      const row = event.target instanceof Element ? event.target.closest('[data-row]') : null;
      if (row instanceof HTMLElement) this.choose(Number(row.dataset.row));
    });
    new ResizeObserver(() => this.draw()).observe(list);
    this.applyFilter();
  }

  /** Marks the row of `region` and scrolls to it; does nothing where the filter hides it. */
  reveal(region: Region): void {
    const at = this.shown.indexOf(region);
    if (at >= 0) this.activate(at);
  }

  private applyFilter(): void {
    this.shown = filterRegions(this.regions, this.filter.value);
    this.active = -1;
    this.list.scrollTop = 0;
    this.count.textContent = formatCount(this.shown.length, this.regions.length);
    this.draw();
  }

  private onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.list.clientHeight / ROW_HEIGHT) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      // In the filter these two move the caret.
      ...(event.currentTarget === this.list && {
        Home: -this.shown.length,
        End: this.shown.length,
      }),
    };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (this.shown.length === 0) return;
      this.activate(Math.max(0, Math.min(this.shown.length - 1, this.active + step)));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      this.choose(Math.max(0, this.active));
    }
  }

  private choose(at: number): void {
    const region = this.shown[at];
    if (!region) return;
    this.activate(at);
    this.onChoose(region);
  }

  private activate(at: number): void {
    this.active = at;
    const top = at * ROW_HEIGHT;
    const bottom = top + ROW_HEIGHT;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (bottom > this.list.scrollTop + this.list.clientHeight) {
      this.list.scrollTop = bottom - this.list.clientHeight;
    }
    this.draw();
  }

  private draw(): void {
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW_HEIGHT) - ROWS_BEYOND);
    const rows = Math.ceil(this.list.clientHeight / ROW_HEIGHT) + 2 * ROWS_BEYOND;
    const space = document.createElement('div');
    space.className = 'regions-space';
    space.setAttribute('role', 'presentation');
    space.style.height = `${this.shown.length * ROW_HEIGHT}px`;
    space.append(
      ...this.shown
        .slice(first, first + rows)
        .map((region, index) => this.row(region, first + index)),
    );
    this.list.replaceChildren(space);
    for (const focusable of [this.list, this.filter]) {
      if (this.active < 0) focusable.removeAttribute('aria-activedescendant');
      else focusable.setAttribute('aria-activedescendant', `region-row-${this.active}`);
    }
  }

  private row(region: Region, at: number): HTMLElement {
    const row = document.createElement('div');
    row.id = `region-row-${at}`;
    row.className = region.picture ? 'region' : 'region region-missing';
    row.dataset.row = String(at);
    row.setAttribute('role', 'option');
    row.setAttribute('aria-selected', String(at === this.active));
    row.setAttribute('aria-setsize', String(this.shown.length));
    row.setAttribute('aria-posinset', String(at + 1));
    row.title = `${region.name} (${region.kind}${region.protection ? `, ${region.protection}` : ''})`;
    row.style.transform = `translateY(${at * ROW_HEIGHT}px)`;
    row.style.setProperty('--kind', KIND_COLOURS[region.kind]);
    const present = region.picture ? formatPercent(region.present, region.size) : 'not in the dump';
    row.append(
      part('region-name', region.name),
      part('region-present', present),
      part('region-start', formatAddress(region.start, this.addressBits)),
      part('region-size', formatBytes(region.size)),
    );
    return row;
  }
}

/** Opens or closes the list of regions where the window is small and the list is a drawer. */
export function toggleRegions(open?: boolean): void {
  const opened = document.body.classList.toggle('regions-open', open);
  element('regions-toggle', HTMLButtonElement).setAttribute('aria-expanded', String(opened));
}

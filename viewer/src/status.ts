/** The status line: what the pointer is on. */

import { formatAddress, formatHex, formatSpaceAddress } from './address';
import type { Memory, Place } from './atlas';
import { formatBytes } from './bytes';
import { nameElement } from './elements';
import { relativeTo } from './relative';
import type { Presence } from './runs';

/** One part of the line: its class, then its text; an element is a name. */
type Part = readonly [string, ...(string | HTMLElement)[]];

const touchOnly = matchMedia('(hover: none)');

/** Milliseconds that the pointer must rest before a screen reader is told. */
const ANNOUNCE_AFTER = 900;

export class StatusLine {
  private announcement = 0;

  /**
   * `line` shows what is pointed at, with the attributes `data-state` (present, hole, gap, none; absent
   * while the run list loads), `data-address`, `data-region` (its index) and `data-offset`.
   * `announcer` is the live region that a screen reader follows.
   */
  constructor(
    private readonly line: HTMLElement,
    private readonly announcer: HTMLElement,
    private readonly addressBits: 32 | 64,
  ) {}

  showMemory(memory: Memory, presence: Presence): void {
    const { region } = memory.placed;
    const target = { space: region.space, address: memory.address };
    const { dataset } = this.line;
    dataset.address = formatSpaceAddress(target);
    dataset.region = String(region.index);
    dataset.offset = formatHex(memory.offset);
    if (presence === 'present' || presence === 'hole') dataset.state = presence;
    else delete dataset.state;
    const address = `${region.space}:${formatAddress(memory.address, this.addressBits)}`;
    const { base, offset, section } = relativeTo(region, memory.address);
    const inModule = [nameElement(base), `+${formatHex(offset)}`] as const;
    const parts: Part[] = [['status-address', address]];
    if (section?.name) {
      const inSection = `!${section.name}+${formatHex(memory.address - section.start)}`;
      parts.push(['status-offset', nameElement(base), inSection], ['status-module', ...inModule]);
    } else {
      parts.push(['status-offset', ...inModule]);
    }
    // A module drawn as one region has no protection of its own.
    const protection = region.protection ?? section?.protection;
    if (protection) parts.push(['status-protection', protection]);
    if (base === region.name) parts.push(['status-region', region.kind]);
    else parts.push(['status-region', nameElement(region.name), ` (${region.kind})`]);
    if (memory.count > 1) parts.push(['status-count', formatBytes(memory.count)]);
    if (presence === 'hole') parts.push(['status-note', 'hole: not in the dump']);
    if (presence === 'unreadable') {
      parts.push(['status-note', 'its run list cannot be loaded: hole or not is unknown']);
    }
    this.show(parts);
  }

  /** While the pointer is not on the map, and nothing on it is marked. */
  showIdle(): void {
    this.forget('none');
    const hint = touchOnly.matches
      ? 'Tap the map to read and keep an address.'
      : 'Point at the map to read an address; click to keep it.';
    this.show([['status-nothing', hint]]);
  }

  showOther(place: Exclude<Place, Memory>): void {
    if (place.what === 'gap') {
      const { size, before, after } = place.gap;
      this.forget('gap');
      this.show([
        [
          'status-note',
          `gap of ${formatBytes(size)} between `,
          nameElement(before.name),
          ' and ',
          nameElement(after.name),
        ],
      ]);
    } else {
      this.forget('none');
      this.show([['status-nothing', 'no memory here']]);
    }
  }

  private forget(state: 'gap' | 'none'): void {
    const { dataset } = this.line;
    dataset.state = state;
    delete dataset.address;
    delete dataset.region;
    delete dataset.offset;
  }

  private show(parts: readonly Part[]): void {
    const elements = parts.map(([name, ...pieces]) => {
      const part = document.createElement('span');
      part.className = name;
      part.append(...pieces);
      return part;
    });
    this.line.replaceChildren(...elements);
    clearTimeout(this.announcement);
    const text = elements.map(({ textContent }) => textContent).join(', ');
    this.announcement = window.setTimeout(() => {
      this.announcer.textContent = text;
    }, ANNOUNCE_AFTER);
  }
}

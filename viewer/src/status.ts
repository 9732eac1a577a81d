/** The status line: what the pointer is on. */

import { formatAddress, formatHex, formatSpaceAddress } from './address';
import type { Memory, Place } from './atlas';
import { formatBytes } from './bytes';
import type { Presence } from './runs';

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
    const parts: [string, string][] = [
      ['status-address', address],
      ['status-offset', relativeAddress(memory)],
    ];
    if (region.protection) parts.push(['status-protection', region.protection]);
    parts.push(['status-region', `${region.name} (${region.kind})`]);
    if (memory.count > 1) parts.push(['status-count', formatBytes(memory.count)]);
    if (presence === 'hole') parts.push(['status-note', 'hole: not in the dump']);
    if (presence === 'unreadable') {
      parts.push(['status-note', 'its run list cannot be loaded: hole or not is unknown']);
    }
    this.show(parts);
  }

  /** While the pointer is not on the map. */
  showIdle(): void {
    this.forget('none');
    this.show([['status-nothing', 'Point at the map to read an address; click to keep it.']]);
  }

  showOther(place: Exclude<Place, Memory>): void {
    if (place.what === 'gap') {
      const { size, before, after } = place.gap;
      this.forget('gap');
      this.show([
        ['status-note', `gap of ${formatBytes(size)} between ${before.name} and ${after.name}`],
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

  private show(parts: readonly [string, string][]): void {
    this.line.replaceChildren(
      ...parts.map(([name, text]) => {
        const part = document.createElement('span');
        part.className = name;
        part.textContent = text;
        return part;
      }),
    );
    clearTimeout(this.announcement);
    const text = parts.map(([, part]) => part).join(', ');
    this.announcement = window.setTimeout(() => {
      this.announcer.textContent = text;
    }, ANNOUNCE_AFTER);
  }
}

/** `module+0x10`, or the offset in the region where no module is known. */
function relativeAddress({ placed: { region }, address, offset }: Memory): string {
  return region.module
    ? `${region.module.name}+${formatHex(address - region.module.start)}`
    : `${region.name}+${formatHex(offset)}`;
}

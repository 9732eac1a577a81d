/** Following pointers: where the word under the pointer leads, and the way there. */

import { formatHex, type SpaceAddress } from './address';
import type { Memory } from './atlas';
import { element, nameElement } from './elements';
import type { Dump, Region } from './manifest';
import { relativeTo } from './relative';
import type { Presence } from './runs';
import { WordReader } from './word';

/** The lens whose words are read. */
const LENS = 'pointers';

export class Follow {
  private readonly button = element('follow', HTMLButtonElement);
  private readonly words: WordReader;
  private target: SpaceAddress | null = null;

  constructor(
    dump: Dump,
    presence: (memory: Memory, offset: bigint, count: number) => Presence,
    private readonly regionAt: (space: string, address: bigint) => Region | null,
    private readonly goTo: (target: SpaceAddress) => void,
  ) {
    this.words = new WordReader(dump, presence, (target) => this.show(target));
    this.button.addEventListener('click', () => this.go());
  }

  /** What the status line tells about, seen through a lens; over file:// no byte can be read. */
  look(memory: Memory | null, lens: string | undefined): void {
    const served = location.protocol === 'http:' || location.protocol === 'https:';
    this.words.look(served && lens === LENS ? memory : null);
  }

  /** Goes where the button says. */
  go(): void {
    if (this.target) this.goTo(this.target);
  }

  private show(target: SpaceAddress | null): void {
    const region = target && this.regionAt(target.space, target.address);
    this.target = region && target;
    this.button.hidden = !region;
    if (!target || !region) return;
    const { base, offset } = relativeTo(region, target.address);
    const address = formatHex(target.address);
    this.button.replaceChildren('→ ', nameElement(base), `+${formatHex(offset)} (${address})`);
    this.button.setAttribute(
      'aria-label',
      `Go to target: ${base}+${formatHex(offset)}, ${address}`,
    );
  }
}

/** Following pointers: where the word under the pointer leads, and the way there. */

import { formatHex, type SpaceAddress } from './address';
import type { Memory } from './atlas';
import { type ByteSource, fromFolder, fromServer } from './byte_source';
import { element, nameElement } from './elements';
import type { Manifest, Region } from './manifest';
import { relativeTo } from './relative';
import type { Presence } from './runs';
import { WordReader } from './word';

/** The lens whose words are read. */
const LENS = 'pointers';

export class Follow {
  private readonly button = element('follow', HTMLButtonElement);
  private readonly asking = element('folder-label', HTMLElement);
  private readonly folderText = element('folder-text', HTMLElement);
  private readonly folder = element('folder', HTMLInputElement);
  private words: WordReader | null = null;
  private target: SpaceAddress | null = null;
  /** What `look` was told last. */
  private memory: Memory | null = null;
  private lens: string | undefined;

  constructor(
    private readonly manifest: Manifest,
    private readonly presence: (memory: Memory, offset: bigint, count: number) => Presence,
    private readonly regionAt: (space: string, address: bigint) => Region | null,
    private readonly goTo: (target: SpaceAddress) => void,
  ) {
    if (location.protocol !== 'file:') this.readFrom(fromServer());
    this.button.addEventListener('click', () => this.go());
    this.folder.addEventListener('change', () => this.takeFolder());
  }

  /** What the status line tells about, seen through a lens. */
  look(memory: Memory | null, lens: string | undefined): void {
    this.memory = memory;
    this.lens = lens;
    this.asking.hidden = lens !== LENS || this.words !== null;
    this.words?.look(lens === LENS ? memory : null);
  }

  /** Goes where the button says. */
  go(): void {
    if (this.target) this.goTo(this.target);
  }

  private takeFolder(): void {
    const files = this.folder.files ?? [];
    const source = fromFolder(files, firstFiles(this.manifest));
    if (source) this.readFrom(source);
    else if (files.length > 0)
      this.folderText.textContent =
        'Not the folder of this map: choose the one with index.html in it';
    this.look(this.memory, this.lens);
  }

  private readFrom(source: ByteSource): void {
    this.words = new WordReader(this.manifest.dump, source, this.presence, (target) =>
      this.show(target),
    );
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

/** One file of each picture. */
function firstFiles({ regions }: Manifest): string[] {
  return regions.flatMap(({ picture }) => {
    const part = picture?.bmp[0];
    return picture && part ? [`${picture.path}/${part.file}`] : [];
  });
}

/** Looks: through which lens an atlas is seen and with what tint, and the legend of both. */

import { element } from './elements';
import { fillLegend, legendSections } from './legend';
import type { Atlas, AtlasLens, Manifest } from './manifest';
import { protectionsIn } from './protection';
import { TINTS, type Tint } from './tint';

/** Windows in which an open legend would hide the map: see style.css. */
const SMALL_WINDOW = '(max-width: 760px)';

/** The item `step` places on from `current`, round and round. */
export function cycled<T>(items: readonly T[], current: T, step: number): T {
  const { length } = items;
  const at = (((items.indexOf(current) + step) % length) + length) % length;
  return items[at] ?? current;
}

/** The lens of `atlas` that is called `name`. */
export function lensCalled(atlas: Atlas, name: string): AtlasLens | null {
  return atlas.lenses.find(({ lens }) => lens.name === name) ?? null;
}

export class Looks {
  tint: Tint = 'none';
  /** The name of the lens to look through, in each atlas that has it. */
  preferred: string | null = null;
  private atlas: Atlas | null = null;
  private current: AtlasLens | null = null;

  private readonly lenses = element('lens', HTMLSelectElement);
  private readonly tints = element('tint', HTMLSelectElement);
  private readonly legend = element('legend', HTMLDetailsElement);
  private readonly legendBody = element('legend-body', HTMLElement);
  private readonly kinds;
  private readonly protections;

  constructor(
    manifest: Manifest,
    private readonly onLens: (lens: AtlasLens) => void,
    private readonly onTint: () => void,
  ) {
    this.kinds = new Set(manifest.regions.map(({ kind }) => kind));
    this.protections = protectionsIn(manifest.regions);
    this.tints.replaceChildren(...TINTS.map((tint) => new Option(tint)));
    // A page that is loaded again may find the choice of before in it.
    this.tints.selectedIndex = 0;
    this.legend.open = !matchMedia(SMALL_WINDOW).matches;
    this.lenses.addEventListener('change', () => {
      this.choose(this.atlas?.lenses[this.lenses.selectedIndex] ?? null);
    });
    this.tints.addEventListener('change', () => this.chooseTint(TINTS[this.tints.selectedIndex]));
    this.fill();
  }

  get lens(): AtlasLens | null {
    return this.current;
  }

  /** The lens in a permalink; null for the first of the atlas, which a link need not name. */
  get lensInLink(): string | null {
    return this.current && this.current !== this.atlas?.lenses[0] ? this.current.lens.name : null;
  }

  /** Turns to an atlas, and returns its lens: the preferred one where it has it, else its first. */
  turnTo(atlas: Atlas): AtlasLens {
    const preferred = this.preferred === null ? null : lensCalled(atlas, this.preferred);
    const lens = preferred ?? (atlas.lenses[0] as AtlasLens);
    this.atlas = atlas;
    this.lenses.replaceChildren(...atlas.lenses.map((one) => new Option(one.lens.name)));
    element('lens-label', HTMLElement).hidden = atlas.lenses.length < 2;
    this.take(lens);
    return lens;
  }

  /** Looks through the lens of a link: null is the first one; one that is not here is ignored. */
  chooseNamed(name: string | null): void {
    if (!this.atlas) return;
    this.choose((name === null ? this.atlas.lenses[0] : lensCalled(this.atlas, name)) ?? null);
  }

  cycleLens(step: number): void {
    if (this.atlas && this.current) this.choose(cycled(this.atlas.lenses, this.current, step));
  }

  cycleTint(step: number): void {
    this.chooseTint(cycled(TINTS, this.tint, step));
  }

  private choose(lens: AtlasLens | null): void {
    if (!lens || lens === this.current) return;
    this.preferred = lens.lens.name;
    this.take(lens);
    this.onLens(lens);
  }

  private chooseTint(tint: Tint | undefined): void {
    if (!tint || tint === this.tint) return;
    this.tint = tint;
    this.tints.selectedIndex = TINTS.indexOf(tint);
    this.fill();
    this.onTint();
  }

  private take(lens: AtlasLens): void {
    this.current = lens;
    this.lenses.selectedIndex = this.atlas?.lenses.indexOf(lens) ?? 0;
    this.fill();
  }

  private fill(): void {
    const { tint, kinds, protections } = this;
    const lens = this.current?.lens ?? null;
    fillLegend(this.legendBody, legendSections({ lens, tint, kinds, protections }));
  }
}

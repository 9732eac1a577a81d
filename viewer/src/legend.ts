/** The legend: what the colours on the map mean. */

import { KIND_COLOURS } from './kinds';
import { KINDS, type Kind, type Lens } from './manifest';
import { PROTECTION_SWATCHES, type Protection } from './protection';
import type { Tint } from './tint';

export interface LegendEntry {
  readonly label: string;
  /** A colour, or what is drawn hatched. */
  readonly look: string | 'hole' | 'missing';
}

/** A part of the legend under a heading of its own. */
export interface LegendSection {
  readonly title: string;
  /** What comes before the entries, and what behind them. */
  readonly before: string;
  readonly entries: readonly LegendEntry[];
  readonly after: string;
}

/** What the legend is about. */
export interface Seen {
  readonly lens: Lens | null;
  readonly tint: Tint;
  readonly kinds: ReadonlySet<Kind>;
  readonly protections: readonly Protection[];
}

/** The sections from the top: the tint lies over the lens. */
export function legendSections(seen: Seen): LegendSection[] {
  const sections = [kindsSection(seen)];
  if (seen.lens) sections.unshift(lensSection(seen.lens));
  if (seen.tint === 'protection') sections.unshift(protectionSection(seen.protections));
  else if (seen.tint === 'missing') sections.unshift(MISSING);
  else if (seen.tint === 'kind') sections.reverse();
  return sections;
}

function lensSection({ name, summary, rule, legend }: Lens): LegendSection {
  return {
    title: `Lens: ${name}`,
    before: summary,
    entries: legend.map(({ colour, label }) => ({ label, look: colour })),
    after: rule,
  };
}

function protectionSection(protections: readonly Protection[]): LegendSection {
  const title = 'Tint: protection';
  if (protections.length === 0) {
    return { title, before: 'The dump tells no protections.', entries: [], after: '' };
  }
  const entries = protections.map((protection) => {
    const { colour, label } = PROTECTION_SWATCHES[protection];
    return { label, look: colour };
  });
  return { title, before: '', entries, after: 'Without a tint: not known.' };
}

const MISSING: LegendSection = {
  title: 'Tint: missing',
  before: '',
  entries: [{ label: 'not in the dump', look: 'missing' }],
  after: 'Small holes are drawn larger than they are. In layout hilbert whole pages are marked.',
};

function kindsSection({ tint, kinds }: Seen): LegendSection {
  return {
    title: tint === 'kind' ? 'Tint and outlines: kinds of region' : 'Outlines: kinds of region',
    before: '',
    entries: [
      ...KINDS.filter((kind) => kinds.has(kind)).map((kind) => ({
        label: kind,
        look: KIND_COLOURS[kind],
      })),
      { label: 'hole', look: 'hole' },
    ],
    after: '',
  };
}

export function fillLegend(box: HTMLElement, sections: readonly LegendSection[]): void {
  box.replaceChildren(
    ...sections.map(({ title, before, entries, after }) => {
      const section = document.createElement('section');
      section.append(withText('h2', title));
      if (before) section.append(withText('p', before));
      const list = document.createElement('ul');
      list.append(...entries.map(entryElement));
      if (entries.length > 0) section.append(list);
      if (after) section.append(withText('p', after));
      return section;
    }),
  );
}

function entryElement({ label, look }: LegendEntry): HTMLElement {
  const item = withText('li', label);
  if (look.startsWith('#')) item.style.setProperty('--swatch', look);
  else item.className = look;
  return item;
}

function withText(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

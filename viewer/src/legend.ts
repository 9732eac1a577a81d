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

export function legendSections({ lens, tint, kinds, protections }: Seen): LegendSection[] {
  const sections: LegendSection[] = [];
  if (lens) {
    sections.push({
      title: `Lens: ${lens.name}`,
      before: lens.summary,
      entries: lens.legend.map(({ colour, label }) => ({ label, look: colour })),
      after: lens.rule,
    });
  }
  if (tint === 'protection') {
    sections.push({
      title: 'Tint: protection',
      before: protections.length === 0 ? 'The dump tells no protections.' : '',
      entries: protections.map((protection) => {
        const { colour, label } = PROTECTION_SWATCHES[protection];
        return { label, look: colour };
      }),
      after: protections.length === 0 ? '' : 'Not tinted: unknown.',
    });
  } else if (tint === 'missing') {
    sections.push({
      title: 'Tint: missing',
      before: '',
      entries: [{ label: 'not in the dump', look: 'missing' }],
      after: 'Small holes are drawn larger than they are; on a Hilbert curve, whole pages.',
    });
  }
  sections.push({
    title: tint === 'kind' ? 'Outlines and tint: kinds of region' : 'Outlines: kinds of region',
    before: '',
    entries: [
      ...KINDS.filter((kind) => kinds.has(kind)).map((kind) => ({
        label: kind,
        look: KIND_COLOURS[kind],
      })),
      { label: 'hole', look: 'hole' },
    ],
    after: '',
  });
  return sections;
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

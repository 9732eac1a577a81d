import { describe, expect, test } from 'vitest';
import { legendSections, type Seen } from '../src/legend';
import { cycled, lensCalled } from '../src/looks';
import { type Atlas, type Lens, parseManifest } from '../src/manifest';
import { PROTECTION_SWATCHES } from '../src/protection';
import { sampleManifest } from './sample';

const manifest = parseManifest(sampleManifest());
const [bytes, classes] = manifest.lenses as readonly [Lens, Lens];
const seen: Seen = {
  lens: bytes,
  tint: 'none',
  kinds: new Set(['module', 'heap']),
  protections: ['executable', 'read'],
};
const titles = (what: Partial<Seen>) =>
  legendSections({ ...seen, ...what }).map(({ title }) => title);

describe('the legend', () => {
  test('has the summary, the colours and the rule of the lens', () => {
    const [lens] = legendSections({ ...seen, lens: classes });
    expect(lens).toEqual({
      title: 'Lens: class',
      before: 'What sort of byte each is.',
      entries: [
        { label: 'text', look: '#ff8800' },
        { label: '0x00', look: '#112233' },
      ],
      after: 'Farther out, a pixel shows the first of these.',
    });
    expect(legendSections(seen)[0]).toMatchObject({
      title: 'Lens: bytes',
      before: 'The bytes are the pixels.',
      after: 'Farther out, a pixel is the mean of what is present.',
    });
  });

  test('has the kinds that there are, and holes', () => {
    const labels = legendSections(seen)
      .at(-1)
      ?.entries.map(({ label }) => label);
    expect(labels).toEqual(['module', 'heap', 'hole']);
  });

  test('has the tint first, for it lies above the lens', () => {
    expect(titles({})).toEqual(['Lens: bytes', 'Outlines: kinds of region']);
    expect(titles({ tint: 'kind' })[0]).toBe('Tint and outlines: kinds of region');
    expect(titles({ tint: 'missing' })[0]).toBe('Tint: missing');
    expect(titles({ tint: 'protection' })).toEqual([
      'Tint: protection',
      'Lens: bytes',
      'Outlines: kinds of region',
    ]);
  });

  test('names the protections that there are, or says that there are none', () => {
    const [some] = legendSections({ ...seen, tint: 'protection' });
    expect(some?.entries.map(({ look }) => look)).toEqual([
      PROTECTION_SWATCHES.executable.colour,
      PROTECTION_SWATCHES.read.colour,
    ]);
    const [none] = legendSections({ ...seen, tint: 'protection', protections: [] });
    expect(none).toMatchObject({ entries: [], before: 'The dump tells no protections.' });
  });
});

test('lenses and tints go round, both ways', () => {
  const items = ['bytes', 'class', 'entropy'];
  expect(cycled(items, 'bytes', 1)).toBe('class');
  expect(cycled(items, 'entropy', 1)).toBe('bytes');
  expect(cycled(items, 'bytes', -1)).toBe('entropy');
  expect(cycled(['bytes'], 'bytes', 1)).toBe('bytes');
});

test('a lens is found by its name', () => {
  const [atlas] = manifest.atlases as readonly [Atlas];
  expect(lensCalled(atlas, 'entropy:512')).toBe(atlas.lenses[2]);
  expect(lensCalled(atlas, 'Class')).toBeNull();
});

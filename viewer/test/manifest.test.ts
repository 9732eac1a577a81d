import { expect, test } from 'vitest';
import { ManifestError } from '../src/field';
import { parseManifest } from '../src/manifest';
import { sampleManifest } from './sample';

test('reads a manifest, with addresses beyond 2^53 to the byte', () => {
  const manifest = parseManifest(sampleManifest());
  expect(manifest.regions[1]?.start).toBe(0x7f12_a000_0001n);
  expect(manifest.regions[1]?.module?.name).toBe('libc.so.6');
  expect(manifest.regions[1]?.picture?.runsScript).toBe('runs.js');
  expect(manifest.regions[2]?.picture).toBeNull();
  expect(manifest.atlases[0]?.gaps[0]?.before).toBe(manifest.regions[0]);
});

test('reads the sections of modules', () => {
  const { modules } = parseManifest(sampleManifest());
  expect(modules[0]?.sections.sorted).toEqual([]);
  expect(modules[1]?.sections.holding(0xffff_ffff_ffff_e433n)).toEqual({
    name: '.text',
    start: 0xffff_ffff_ffff_e200n,
    size: 0x234n,
    protection: 'r-x',
  });
  const damaged = sampleManifest();
  Object.assign(damaged.modules[1] as object, { sections: [{ name: '.text', start: '0x0' }] });
  expect(() => parseManifest(damaged)).toThrow(/modules\[1\]\.sections\[0\]\.size is not/);
});

test('names of sections are made safe to read', () => {
  const hostile = sampleManifest();
  const section = { name: '\u202etxet.\n<b>', start: '0x77cc1000', size: '0x1', protection: 'r-x' };
  Object.assign(hostile.modules[2] as object, { sections: [section] });
  const [found] = parseManifest(hostile).modules[2]?.sections.sorted ?? [];
  expect(found?.name).toBe('\\u202etxet.\\x0a<b>');
});

test('says so when there is no manifest', () => {
  expect(() => parseManifest(undefined)).toThrow(/no manifest/);
});

test.each([0, 1, 2, 4, 99])('refuses version %s', (version) => {
  expect(() => parseManifest({ ...sampleManifest(), version })).toThrow(/reads only version 3/);
});

test('names the place of the damage', () => {
  const damaged = sampleManifest();
  Object.assign(damaged.regions[1] as object, { start: 123 });
  expect(() => parseManifest(damaged)).toThrow(
    new ManifestError(
      'The manifest is damaged: manifest.regions[1].start is not a hexadecimal text.',
    ),
  );
});

test.each([
  ['an unknown kind', { kind: 'dll' }],
  ['a picture that is not there', { picture: 7 }],
  ['a module that is not there', { module: 5 }],
  ['an upper-case address', { start: '0xABC' }],
])('refuses %s', (_, change) => {
  const damaged = sampleManifest();
  Object.assign(damaged.regions[0] as object, change);
  expect(() => parseManifest(damaged)).toThrow(ManifestError);
});

test('refuses a picture whose pixels are not what its layout says', () => {
  const damaged = sampleManifest();
  Object.assign(damaged.pictures[0] as object, { height: 65 });
  expect(() => parseManifest(damaged)).toThrow(/64 × 64 pixels/);
});

test('reads lenses, and which of them each atlas is seen through', () => {
  const { lenses, atlases } = parseManifest(sampleManifest());
  expect(lenses.map(({ name, zoom }) => [name, zoom])).toEqual([
    ['bytes', 'mean'],
    ['class', 'foremost'],
    ['entropy:512', 'highest'],
  ]);
  expect(lenses[1]?.legend[0]).toEqual({ colour: '#ff8800', label: 'text' });
  expect(atlases[0]?.lenses.map(({ lens }) => lens)).toEqual(lenses);
  expect(atlases[0]?.lenses[1]?.path).toBe('atlases/landscape-class');
});

test.each([
  [
    'a colour that is a style',
    ['legend', [{ colour: 'url(evil)', label: '' }]],
    /legend\[0\]\.colour/,
  ],
  ['an upper-case colour', ['legend', [{ colour: '#FF8800', label: '' }]], /legend\[0\]\.colour/],
  ['a colour with more behind it', ['legend', [{ colour: '#ff8800;', label: '' }]], /colour/],
  ['a label that is no text', ['legend', [{ colour: '#ff8800', label: 1 }]], /legend\[0\]\.label/],
  ['an unknown zoom', ['zoom', 'lowest'], /lenses\[1\]\.zoom/],
  ['no rule', ['rule', undefined], /lenses\[1\]\.rule/],
] as const)('refuses a lens with %s', (_, [key, value], where) => {
  const damaged = sampleManifest();
  Object.assign(damaged.lenses[1] as object, { [key]: value });
  expect(() => parseManifest(damaged)).toThrow(where);
});

test('what a lens says is made safe to read', () => {
  const hostile = sampleManifest();
  Object.assign(hostile.lenses[0] as object, { name: '\u202ebytes', summary: 'a\nb' });
  expect(parseManifest(hostile).lenses[0]).toMatchObject({
    name: '\\u202ebytes',
    summary: 'a\\x0ab',
  });
});

test.each([
  ['no lens', () => []],
  ['a lens that is not there', ([one]: object[]) => [{ ...one, lens: 3 }]],
  ['a negative lens', ([one]: object[]) => [{ ...one, lens: -1 }]],
  ['a folder elsewhere', ([one]: object[]) => [{ ...one, path: 'atlases/../../secret' }]],
  ['an address for a folder', ([one]: object[]) => [{ ...one, path: 'https://example.com/a' }]],
])('refuses an atlas with %s', (_, change) => {
  const damaged = sampleManifest();
  const [atlas] = damaged.atlases;
  Object.assign(atlas as object, { lenses: change(atlas?.lenses ?? []) });
  expect(() => parseManifest(damaged)).toThrow(/atlases\[0\]\.lenses/);
});

test.each([['width'], ['height'], ['tile_size'], ['levels'], ['overlap']])(
  'refuses lenses of an atlas that differ in %s',
  (key) => {
    const damaged = sampleManifest();
    const second = damaged.atlases[0]?.lenses[1];
    Object.assign(second as object, { pyramid: { ...second?.pyramid, [key]: 7 } });
    expect(() => parseManifest(damaged)).toThrow(/atlases\[0\]\.lenses is not of pyramids of one/);
  },
);

test('an atlas with a layout draws all of its pictures in it', () => {
  const shapes = (layout: string | null) => {
    const sample = sampleManifest();
    Object.assign(sample.atlases[0] as object, { layout });
    const placements = parseManifest(sample).atlases[0]?.placements ?? [];
    return placements.map(({ shape }) => [shape.layout, shape.width, shape.height]);
  };
  // 0x1000 and 0x1010 bytes; the second picture has a width of its own.
  expect(shapes(null)).toEqual([
    ['rows', 64, 64],
    ['rows', 128, 33],
  ]);
  expect(shapes('hilbert')).toEqual([
    ['hilbert', 64, 64],
    ['hilbert', 128, 64],
  ]);
  expect(shapes('pages')).toEqual([
    ['pages', 64, 64],
    ['pages', 128, 64],
  ]);
  expect(() => shapes('spiral')).toThrow(/atlases\[0\]\.layout/);
});

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

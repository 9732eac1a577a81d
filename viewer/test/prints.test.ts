import { describe, expect, test } from 'vitest';
import { ManifestError } from '../src/field';
import { parseManifest, type Strip } from '../src/manifest';
import { formatPaper, formatPixels } from '../src/prints';
import { sampleManifest } from './sample';

const [strip] = parseManifest(sampleManifest()).strips as [Strip];

test('a strip is a link to its file', () => {
  expect(strip).toEqual({
    name: 'hal-strip',
    href: 'strips/hal-strip-0123456789abcdef0123/hal-strip.png',
    format: 'png',
    width: 100,
    height: 18400,
    dpi: 300,
    size: 1840123,
  });
});

test.each([
  { path: 'https://example.org/' },
  { path: 'strips/..' },
  { path: 'javascript:alert(1)' },
  { path: 'pictures/x' },
  { path: 'strips/x\n' },
  { file: '../../etc/passwd' },
  { file: '.hidden' },
  { file: 'a/b' },
  { format: 'html' },
  { dpi: 0 },
  { width: -1 },
  { size: '0x10' },
])('refuses %j', (change) => {
  const damaged = sampleManifest();
  Object.assign(damaged.strips[0] as object, change);
  expect(() => parseManifest(damaged)).toThrow(ManifestError);
});

describe('sizes', () => {
  test.each([
    // A0 is 841 × 1189 mm.
    [9933, 14043, 300, '9,933 × 14,043 px', '841 × 1,189 mm'],
    [100, 18400, 300, '100 × 18,400 px', '8.5 × 1,557.9 mm'],
    [1, 1, 1, '1 × 1 px', '25.4 × 25.4 mm'],
    [254, 127, 9600, '254 × 127 px', '0.7 × 0.3 mm'],
  ])('%s × %s at %s dpi', (width, height, dpi, pixels, paper) => {
    expect(formatPixels({ ...strip, width, height, dpi })).toBe(pixels);
    expect(formatPaper({ ...strip, width, height, dpi })).toBe(paper);
  });
});

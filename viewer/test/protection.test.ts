import { describe, expect, test } from 'vitest';
import { KIND_COLOURS } from '../src/kinds';
import { type PlacedRegion, parseManifest } from '../src/manifest';
import {
  PROTECTION_SWATCHES,
  PROTECTIONS,
  protectionsIn,
  protectionsOf,
  readProtection,
} from '../src/protection';
import { sampleManifest } from './sample';

describe('protections', () => {
  test.each([
    ['r-xp', 'executable'],
    ['--x', 'executable'],
    ['rw-s', 'writable'],
    ['-w-p', 'writable'],
    ['rwx', 'writable and executable'],
    ['rwxp', 'writable and executable'],
    ['r--', 'read'],
    ['---p', 'none'],
    ['RWX', 'writable and executable'],
    ['PAGE_EXECUTE_READWRITE', null],
    ['', null],
    ['x', null],
    [null, null],
  ])('%s', (text, protection) => expect(readProtection(text)).toBe(protection));

  test('a region without one has those of the sections of its module', () => {
    const sample = sampleManifest();
    const [atlas] = sample.atlases;
    Object.assign(sample.regions[2] as object, { protection: null, picture: 0, present: '0x1000' });
    const label = { x: 300, y: 10, width: 64, height: 16 };
    atlas?.placements.push({ region: 2, picture: 0, x: 300, y: 30, label });
    const manifest = parseManifest(sample);
    const placed = manifest.atlases[0]?.placements[2] as PlacedRegion;
    // Rows of 64: header 0x0 to 0x100, .text 0x200 to 0x434, .Data+! 0x800 to 0x1000.
    expect(protectionsOf(placed)).toEqual([
      { protection: 'read', areas: [{ x: 0, y: 0, width: 64, height: 4 }] },
      {
        protection: 'executable',
        areas: [
          { x: 0, y: 8, width: 64, height: 8 },
          { x: 0, y: 16, width: 0x34, height: 1 },
        ],
      },
      { protection: 'writable', areas: [{ x: 0, y: 32, width: 64, height: 32 }] },
    ]);
    expect(protectionsIn(manifest.regions)).toEqual(['executable', 'writable', 'read']);
  });

  test('a region with one has it all over', () => {
    const placed = parseManifest(sampleManifest()).atlases[0]?.placements[0] as PlacedRegion;
    expect(protectionsOf(placed)).toEqual([
      { protection: 'executable', areas: [{ x: 0, y: 0, width: 64, height: 64 }] },
    ]);
  });
});

/** How eyes without one sort of cones see linear red, green and blue: Machado and others, 2009. */
const EYES = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'without red cones': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'without green cones': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'without blue cones': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
} as const;

type Triple = [number, number, number];

function times(matrix: readonly (readonly number[])[], vector: Triple): Triple {
  return matrix.map((row) =>
    row.reduce((sum, factor, at) => sum + factor * (vector[at] as number), 0),
  ) as Triple;
}

/** CIE L*a*b* under D65, as these eyes see a colour of sRGB. */
function lab(colour: string, eyes: keyof typeof EYES): Triple {
  const linear = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as Triple;
  const seen = times(EYES[eyes], linear).map((value) => Math.min(1, Math.max(0, value))) as Triple;
  const xyz = times(
    [
      [0.4124, 0.3576, 0.1805],
      [0.2126, 0.7152, 0.0722],
      [0.0193, 0.1192, 0.9505],
    ],
    seen,
  );
  const [x, y, z] = xyz.map((value, at) => {
    const part = value / ([0.9505, 1, 1.089][at] as number);
    return part > (6 / 29) ** 3 ? Math.cbrt(part) : part / (3 * (6 / 29) ** 2) + 4 / 29;
  }) as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

describe.each(Object.keys(EYES) as (keyof typeof EYES)[])('for eyes %s', (eyes) => {
  const distance = (one: string, other: string) => {
    const [a, b] = [lab(one, eyes), lab(other, eyes)];
    return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  };
  const pairs = (colours: readonly string[]) =>
    colours.flatMap((one, at) => colours.slice(at + 1).map((other) => [one, other] as const));

  test('the colours of protections are far apart', () => {
    const colours = PROTECTIONS.map((protection) => PROTECTION_SWATCHES[protection].colour);
    for (const [one, other] of pairs(colours)) expect(distance(one, other)).toBeGreaterThan(25);
  });

  test('the colours of kinds are told apart', () => {
    for (const [one, other] of pairs(Object.values(KIND_COLOURS))) {
      expect(distance(one, other)).toBeGreaterThan(5);
    }
  });
});

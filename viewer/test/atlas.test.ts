import { expect, test } from 'vitest';
import { AtlasIndex } from '../src/atlas';
import { type Atlas, parseManifest, type Rectangle } from '../src/manifest';
import { RectangleIndex } from '../src/rectangle_index';
import { SpanIndex } from '../src/spans';
import { sampleManifest } from './sample';

const manifest = parseManifest(sampleManifest());
const index = new AtlasIndex(manifest.atlases[0] as Atlas);

test('a pixel of a picture is its address', () => {
  expect(index.placeAt(10, 30)).toMatchObject({ what: 'memory', address: 0x1000n, count: 1 });
  expect(index.placeAt(73, 93)).toMatchObject({ what: 'memory', address: 0x1fffn });
  expect(index.placeAt(113, 31)).toMatchObject({ address: 0x7f12_a000_0001n + 131n, offset: 131n });
});

test('padding, labels, gaps and the ground are no memory', () => {
  // 0x1010 bytes in rows of 128: the last row holds 16.
  expect(index.placeAt(110 + 15, 30 + 32).what).toBe('memory');
  expect(index.placeAt(110 + 16, 30 + 32).what).toBe('nothing');
  expect(index.placeAt(12, 12).what).toBe('nothing');
  expect(index.placeAt(399, 299).what).toBe('nothing');
  expect(index.placeAt(80, 30)).toMatchObject({ what: 'gap', gap: { size: 0x7f12_9fff_e001n } });
});

test.each([
  [-1, 30],
  [10, -1],
  [400, 30],
  [10, 300],
  [Number.NaN, 0],
])('pixel (%s, %s) is outside', (x, y) => {
  expect(index.placeAt(x, y).what).toBe('nothing');
});

test('an address is its pixel', () => {
  expect(index.pixelOf(0x1fffn)).toEqual({ x: 73, y: 93 });
  expect(index.pixelOf(0x7f12_a000_0001n + 0x100fn)).toEqual({ x: 125, y: 62 });
  for (const address of [0n, 0xfffn, 0x2000n, 0x7f12_a000_0000n, 0x7f12_a000_1011n]) {
    expect(index.pixelOf(address)).toBeNull();
  }
});

test('the rectangle index finds what a walk over all finds', () => {
  const boxes: Rectangle[] = [];
  for (let x = 0; x < 40; x += 1) {
    for (let y = 0; y < 40; y += 1) {
      boxes.push({ x: x * 25 + (y % 3), y: y * 25, width: 5 + (x % 19), height: 1 + (y % 24) });
    }
  }
  const grid = new RectangleIndex(boxes, (box) => box, 1000, 1000);
  const holds = (box: Rectangle, x: number, y: number) =>
    x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;
  for (let x = 0; x < 1000; x += 7) {
    for (let y = 0; y < 1000; y += 11) {
      expect(grid.at(x, y)).toBe(boxes.find((box) => holds(box, x, y)) ?? null);
    }
  }
  const area = { x: 100, y: 200, width: 333, height: 99 };
  const touched = grid.touching(area);
  expect(new Set(touched).size).toBe(touched.length);
  const inside = boxes.filter(
    (box) =>
      box.x < area.x + area.width &&
      box.x + box.width > area.x &&
      box.y < area.y + area.height &&
      box.y + box.height > area.y,
  );
  expect(touched).toEqual(expect.arrayContaining(inside));
  expect(grid.touching({ x: -5, y: -5, width: 2000, height: 2000 })).toHaveLength(boxes.length);
});

test('of spans that overlap, the one that starts last is meant', () => {
  const spans = new SpanIndex([
    { start: 0x100n, size: 0x1000n },
    { start: 0x200n, size: 0x10n },
    { start: (1n << 64n) - 1n, size: 1n },
  ]);
  expect(spans.holding(0x205n)?.start).toBe(0x200n);
  expect(spans.holding(0x300n)?.start).toBe(0x100n);
  expect(spans.holding(0x10ffn)?.start).toBe(0x100n);
  expect(spans.holding(0x1100n)).toBeNull();
  expect(spans.holding(0xffn)).toBeNull();
  expect(spans.holding((1n << 64n) - 1n)?.size).toBe(1n);
  expect(spans.below(0x2000n)?.start).toBe(0x200n);
  expect(spans.above(0x2000n)?.start).toBe((1n << 64n) - 1n);
});

test.each(['hilbert', 'pages'])(
  'in layout %s each address has its pixel, and it alone',
  (layout) => {
    const sample = sampleManifest();
    Object.assign(sample.atlases[0] as object, { layout });
    const curve = new AtlasIndex(parseManifest(sample).atlases[0] as Atlas);
    const seen = new Set<string>();
    for (const [start, size] of [
      [0x1000n, 0x1000n],
      [0x7f12_a000_0001n, 0x1010n],
    ] as const) {
      for (let address = start; address < start + size; address += 1n) {
        const pixel = curve.pixelOf(address);
        expect(pixel).not.toBeNull();
        expect(curve.placeAt(pixel?.x ?? 0, pixel?.y ?? 0)).toMatchObject({ address, count: 1 });
        seen.add(`${pixel?.x} ${pixel?.y}`);
      }
    }
    expect(seen.size).toBe(0x2010);
  },
);

test('neighbours on the curve are neighbours in memory', () => {
  const sample = sampleManifest();
  Object.assign(sample.atlases[0] as object, { layout: 'hilbert' });
  const curve = new AtlasIndex(parseManifest(sample).atlases[0] as Atlas);
  let before = curve.pixelOf(0x1000n);
  expect(before).toEqual({ x: 10, y: 30 });
  for (let address = 0x1001n; address < 0x2000n; address += 1n) {
    const pixel = curve.pixelOf(address);
    const away =
      Math.abs((pixel?.x ?? 0) - (before?.x ?? 0)) + Math.abs((pixel?.y ?? 0) - (before?.y ?? 0));
    expect(away).toBe(1);
    before = pixel;
  }
});

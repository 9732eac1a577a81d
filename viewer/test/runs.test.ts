import { expect, test } from 'vitest';
import { geometry } from '../src/layout';
import type { Picture } from '../src/manifest';
import { RunList, RunLists } from '../src/runs';

const lists = new RunLists(() => undefined);
Reflect.get(globalThis, 'memtilesRuns')('bundles/77ab', {
  version: 1,
  runs: [
    ['0x0', '0x1000'],
    ['0x1800', '0x800'],
  ],
});

/** A picture of a page that begins at `first` of its bundle. */
function bundled(first: bigint): Picture {
  return {
    path: 'bundles/77ab',
    first,
    shape: geometry('rows', 8, 0x1000n),
    bmp: [],
    runsScript: 'runs.js',
  };
}

test('offsets of a bundled picture count from where it begins in the bundle', () => {
  expect(lists.presence(bundled(0n), 0n, 0x1000)).toBe('present');
  expect(lists.presence(bundled(0x1000n), 0n, 1)).toBe('hole');
  expect(lists.presence(bundled(0x1000n), 0x7ffn, 1)).toBe('hole');
  expect(lists.presence(bundled(0x1000n), 0x800n, 0x800)).toBe('present');
  expect(lists.presence(bundled(0x1000n), 0x7ffn, 2)).toBe('hole');
});

test('a picture that lacks nothing needs no list', () => {
  expect(lists.presence({ ...bundled(0x1000n), runsScript: null }, 0n, 1)).toBe('present');
});

test('holes are what no piece holds', () => {
  const pieces = [
    ['0x10', '0x10'],
    ['0x20', '0x8'],
    ['0x40', '0x1'],
  ] as const;
  const list = new RunList(pieces);
  const held = (byte: bigint) =>
    pieces.some(([at, size]) => byte >= BigInt(at) && byte < BigInt(at) + BigInt(size));
  for (let first = 0n; first < 0x50n; first += 1n) {
    for (let size = 1n; size < 0x50n; size += 7n) {
      const missing = new Set<bigint>();
      for (const [from, to] of list.holes(first, size)) {
        expect(from < to && to <= size).toBe(true);
        for (let at = from; at < to; at += 1n) missing.add(at);
      }
      for (let at = 0n; at < size; at += 1n) expect(missing.has(at)).toBe(!held(first + at));
    }
  }
  expect([...new RunList([]).holes(5n, 3n)]).toEqual([[0n, 3n]]);
});

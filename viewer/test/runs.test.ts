import { expect, test } from 'vitest';
import { geometry } from '../src/layout';
import type { Picture } from '../src/manifest';
import { RunLists } from '../src/runs';

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

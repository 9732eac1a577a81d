import { expect, test } from 'vitest';
import { tileFile, Unwritten } from '../src/unwritten';

const pyramid = {
  width: 2 ** 14,
  height: 2 ** 40,
  tileSize: 512,
  overlap: 0,
  format: 'png',
  levels: 41,
  unwrittenScript: 'unwritten.js',
};

test('a tile below a listed one is like it', () => {
  const unwritten = new Unwritten({ blank: ['2/1_0'], zero: ['3/0_5'] });
  expect(unwritten.what(2, 1, 0)).toBe('blank');
  expect(unwritten.what(3, 3, 1)).toBe('blank');
  expect(unwritten.what(9, 255, 127)).toBe('blank');
  expect(unwritten.what(9, 256, 127)).toBeNull();
  expect(unwritten.what(9, 255, 128)).toBeNull();
  expect(unwritten.what(5, 3, 23)).toBe('zero');
  expect(unwritten.what(1, 0, 0)).toBeNull();
  expect(unwritten.what(0, 0, 0)).toBeNull();
});

test('rows beyond 32 bits keep their place', () => {
  const row = 2 ** 31 - 1;
  const unwritten = new Unwritten({ blank: [], zero: [`39/0_${row}`] });
  expect(unwritten.what(40, 0, 2 * row + 1)).toBe('zero');
  expect(unwritten.what(40, 0, 2 * row + 2)).toBeNull();
});

test('unwritten tiles share one file each, all others have their own', () => {
  const unwritten = new Unwritten({ blank: ['1/0_0'], zero: ['2/3_3'] });
  expect(tileFile(pyramid, unwritten, 4, 1, 0)).toBe('blank.png');
  expect(tileFile(pyramid, unwritten, 3, 7, 6)).toBe('zero.png');
  expect(tileFile(pyramid, unwritten, 2, 2, 3)).toBe('tiles_files/2/2_3.png');
  expect(tileFile(pyramid, new Unwritten({ blank: ['0/0_0'], zero: [] }), 0, 0, 0)).toBe(
    'blank.png',
  );
});

import { expect, test } from 'vitest';
import { fromFolder } from '../src/byte_source';

const { signal } = new AbortController();

/** A file as a browser gives it out of a folder that was chosen. */
function chosen(path: string, bytes: number[]): File {
  const file = new File([new Uint8Array(bytes)], path.slice(path.lastIndexOf('/') + 1));
  Object.defineProperty(file, 'webkitRelativePath', { value: path });
  return file;
}

test.each([
  'site/pictures/heap-0a1b/region.bmp',
  'pictures/heap-0a1b/region.bmp',
  'heap-0a1b/region.bmp',
])('a stretch of %s', async (path) => {
  const file = 'pictures/heap-0a1b/region.bmp';
  const folder = [
    chosen('site/pictures/stack-2c3d/region.bmp', [9, 9, 9, 9]),
    chosen(path, [1, 2, 3, 4, 5]),
  ];
  const source = fromFolder(folder, ['pictures/stack-2c3d/region.bmp', file]);
  expect(await source?.({ file, at: 1, count: 3 }, signal)).toEqual(new Uint8Array([2, 3, 4]));
  // What is too short is for the reader of pictures to judge.
  expect(await source?.({ file, at: 4, count: 3 }, signal)).toEqual(new Uint8Array([5]));
  const other = 'pictures/other-4e5f/region.bmp';
  expect(await source?.({ file: other, at: 0, count: 1 }, signal)).toBeNull();
});

test.each([
  'photos/heap-0a1b/region.png',
  // Of an earlier dump of the same process: the libraries are the same, the heap is not.
  'site/pictures/heap-9999/region.bmp',
])('a folder with %s is not that of the map', (path) => {
  const folder = [chosen('site/pictures/lib-5e5e/region.bmp', [2]), chosen(path, [1])];
  const wanted = ['pictures/lib-5e5e/region.bmp', 'pictures/heap-0a1b/region.bmp'];
  expect(fromFolder(folder, wanted)).toBeNull();
});

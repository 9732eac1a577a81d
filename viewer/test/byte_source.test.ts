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
  const source = fromFolder(folder, ['pictures/other-4e5f/region.bmp', file]);
  expect(await source?.({ file, at: 1, count: 3 }, signal)).toEqual(new Uint8Array([2, 3, 4]));
  // What is too short is for the reader of pictures to judge.
  expect(await source?.({ file, at: 4, count: 3 }, signal)).toEqual(new Uint8Array([5]));
  const other = 'pictures/other-4e5f/region.bmp';
  expect(await source?.({ file: other, at: 0, count: 1 }, signal)).toBeNull();
});

test.each(['photos/heap-0a1b/region.png', 'site/pictures/heap-9999/region.bmp'])(
  'a folder with nothing but %s is not that of the map',
  (path) => {
    expect(fromFolder([chosen(path, [1])], ['pictures/heap-0a1b/region.bmp'])).toBeNull();
  },
);

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Memory } from '../src/atlas';
import { fromServer } from '../src/byte_source';
import { geometry } from '../src/layout';
import type { Picture, PlacedRegion } from '../src/manifest';
import { PictureBytes, stretchesOf } from '../src/picture_bytes';
import { numberOf, wordOf } from '../src/word';

/** 100 rows of 64 bytes, cut into files of 30, 30 and 40. */
const picture: Picture = {
  path: 'pictures/heap',
  first: 0n,
  shape: geometry('rows', 8, 6400n, 64),
  bmp: [
    { file: 'region.0000.bmp', offset: 1078, firstRow: 0, rows: 30 },
    { file: 'region.0001.bmp', offset: 1078, firstRow: 30, rows: 30 },
    { file: 'region.0002.bmp', offset: 54, firstRow: 60, rows: 40 },
  ],
  runsScript: null,
};

describe('words', () => {
  const at = (start: bigint, size: bigint, address: bigint) => {
    const placed = { region: { start, size } } as PlacedRegion;
    return { placed, address } as Memory;
  };

  test.each([
    [0x1000n, 64, 0x0n],
    [0x1007n, 64, 0x0n],
    [0x1008n, 64, 0x8n],
    [0x100dn, 32, 0xcn],
  ] as const)('%s at %s bits', (address, bits, offset) => {
    expect(wordOf(at(0x1000n, 0x1000n, address), bits)).toMatchObject({ offset, bytes: bits / 8 });
  });

  test('are aligned in addresses, and whole in their region', () => {
    expect(wordOf(at(0x1004n, 0x20n, 0x1005n), 64)).toBeNull();
    expect(wordOf(at(0x1004n, 0x20n, 0x1008n), 64)).toMatchObject({ offset: 4n });
    expect(wordOf(at(0x1004n, 0x20n, 0x1021n), 64)).toBeNull();
    expect(wordOf(at(0x1004n, 0x20n, 0x1021n), 32)).toMatchObject({ offset: 0x1cn });
  });

  test('are read in the byte order of the dump', () => {
    const bytes = Uint8Array.of(0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0xf1);
    expect(numberOf(bytes, 'little')).toBe(0xf123_4567_89ab_cdefn);
    expect(numberOf(bytes, 'big')).toBe(0xefcd_ab89_6745_23f1n);
  });
});

describe('where bytes are', () => {
  test('in one file', () => {
    expect(stretchesOf(picture, 8n, 8)).toEqual([
      { file: 'pictures/heap/region.0000.bmp', at: 1086, count: 8 },
    ]);
    expect(stretchesOf(picture, 6392n, 8)).toEqual([
      { file: 'pictures/heap/region.0002.bmp', at: 54 + 6392 - 3840, count: 8 },
    ]);
  });

  test('across two files', () => {
    expect(stretchesOf(picture, 1918n, 5)).toEqual([
      { file: 'pictures/heap/region.0000.bmp', at: 1078 + 1918, count: 2 },
      { file: 'pictures/heap/region.0001.bmp', at: 1078, count: 3 },
    ]);
  });

  test('behind what classic draws', () => {
    // 70 bytes are 8 × 8 pixels, and six that have none.
    const shape = geometry('classic', 8, 70n);
    const part = { file: 'region.bmp', offset: 1078, firstRow: 0, rows: 8 };
    expect(stretchesOf({ ...picture, shape, bmp: [part] }, 62n, 8)).toEqual([
      { file: 'pictures/heap/region.bmp', at: 1078 + 62, count: 8 },
    ]);
  });
});

describe('bytes over http', () => {
  afterEach(() => vi.unstubAllGlobals());
  const { signal } = new AbortController();

  /** A server whose files hold, at each place, its lowest eight bits. */
  function serve(status = 206) {
    const answer = vi.fn(async (_: string, { headers }: { headers: { Range: string } }) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.Range) as unknown as string[];
      const count = Number(to) - Number(from) + 1;
      return new Response(
        Uint8Array.from({ length: count }, (_, at) => Number(from) + at),
        { status },
      );
    });
    vi.stubGlobal('fetch', answer);
    return answer;
  }

  test('come as they are in the file, and once', async () => {
    const answer = serve();
    const bytes = new PictureBytes(fromServer());
    expect(bytes.cached(picture, 16n, 2)).toBeNull();
    expect(await bytes.read(picture, 16n, 2, signal)).toEqual(
      Uint8Array.of(1094 % 256, 1095 % 256),
    );
    const calls = answer.mock.calls.length;
    expect(await bytes.read(picture, 100n, 8, signal)).toHaveLength(8);
    expect(bytes.cached(picture, 4088n, 8)).toEqual(
      Uint8Array.from({ length: 8 }, (_, at) => 54 + 4088 - 3840 + at),
    );
    expect(answer.mock.calls.length).toBe(calls);
  });

  test('across two blocks', async () => {
    serve();
    const bytes = new PictureBytes(fromServer());
    expect(await bytes.read(picture, 4094n, 4, signal)).toEqual(
      Uint8Array.from({ length: 4 }, (_, at) => (54 + 4094 - 3840 + at) % 256),
    );
  });

  test('are not asked for again where a server sends whole files', async () => {
    const answer = serve(200);
    const bytes = new PictureBytes(fromServer());
    expect(await bytes.read(picture, 0n, 8, signal)).toBeNull();
    expect(await bytes.read(picture, 5000n, 8, signal)).toBeNull();
    expect(answer.mock.calls.length).toBe(1);
  });

  test('of many blocks the oldest are forgotten', async () => {
    serve();
    const bytes = new PictureBytes(fromServer());
    const large: Picture = {
      ...picture,
      shape: geometry('rows', 8, 1n << 20n),
      bmp: [{ file: 'region.bmp', offset: 0, firstRow: 0, rows: 1024 }],
    };
    for (let at = 0n; at < 1n << 20n; at += 4096n) await bytes.read(large, at, 1, signal);
    expect(bytes.cached(large, 0n, 1)).toBeNull();
    expect(bytes.cached(large, (1n << 20n) - 1n, 1)).toEqual(Uint8Array.of(255));
  });
});

import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress, parseSpaceAddress } from '../src/address';
import { formatBytes, formatPercent } from '../src/bytes';
import { parseManifest, type Region } from '../src/manifest';
import { isolated, visibleName } from '../src/names';
import { formatPermalink, parsePermalink } from '../src/permalink';
import { filterRegions, formatCount } from '../src/regions_list';
import { relativeTo } from '../src/relative';
import { RunList } from '../src/runs';
import { scaleAt } from '../src/scale';
import { TargetFinder } from '../src/target';
import { sampleManifest } from './sample';

describe('addresses', () => {
  test.each([
    ['0x7f12a0003c10', 0x7f12_a000_3c10n],
    ['7F12A0003C10', 0x7f12_a000_3c10n],
    ['fffff800`00800000', 0xffff_f800_0080_0000n],
    ['0xfffff800`00800000', 0xffff_f800_0080_0000n],
    ['  0X10 ', 16n],
    ['ffffffffffffffff', (1n << 64n) - 1n],
    ['0000000000000000000010', 16n],
  ])('%s', (text, address) => expect(parseAddress(text)).toBe(address));

  test.each([
    '',
    '0x',
    'xyz',
    '-1',
    '1.5',
    '10000000000000000',
    'ffff`80',
    'ffff`008000000',
    '0x1 0x2',
    '1`00000000`00000000',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeNull());

  test('with their space', () => {
    const spaces = ['virtual', 'physical'];
    expect(parseSpaceAddress('physical:0x10', spaces)).toEqual({ space: 'physical', address: 16n });
    expect(parseSpaceAddress('other:0x10', spaces)).toBeNull();
    expect(parseSpaceAddress('0x10', spaces)).toBeNull();
  });

  test('are padded to the width of the dump', () => {
    expect(formatAddress(0x7f12_a000_3c10n, 64)).toBe('0x00007f12a0003c10');
    expect(formatAddress(0x40_0000n, 32)).toBe('0x00400000');
  });
});

describe('amounts', () => {
  test.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [4096, '4 KiB'],
    [385_025, '376 KiB'],
    [13_633_814_578_790n, '12.4 TiB'],
    [(1n << 64n) - 1n, '16 EiB'],
  ])('%s bytes', (size, text) => expect(formatBytes(size)).toBe(text));

  test.each([
    [0n, 100n, '0%'],
    [1n, 1_000_000n, '<1%'],
    [50n, 100n, '50%'],
    [999_999n, 1_000_000n, '>99%'],
    [100n, 100n, '100%'],
  ])('%s of %s', (present, size, text) => expect(formatPercent(present, size)).toBe(text));
});

describe('names', () => {
  test.each([
    ['libc.so.6', 'libc.so.6'],
    ['\u202egpj.exe', '\\u202egpj.exe'],
    ['new\nline', 'new\\x0aline'],
    ['שלום.so', 'שלום.so'],
    ['👨\u200d👩', '👨\u200d👩'],
  ])('%j', (name, shown) => expect(visibleName(name)).toBe(shown));

  test('keep to themselves in a sentence', () => {
    expect(isolated('libc.so.6')).toBe('libc.so.6');
    expect(isolated('שלום')).toBe('\u2068שלום\u2069');
  });
});

describe('permalinks', () => {
  const spaces = ['virtual'];
  const target = { space: 'virtual', address: 0x7f12_a000_3c10n };

  test('round trip', () => {
    for (const zoom of [null, 0.0123, 16, 64]) {
      for (const lens of [null, 'class', 'entropy:512', 'of my own/50%@é#']) {
        for (const atlas of [null, 'curve']) {
          const byte = { space: 'virtual', address: (1n << 64n) - 1n };
          const link = { target: byte, zoom, lens, atlas };
          expect(parsePermalink(formatPermalink(link), spaces)).toEqual(link);
        }
      }
    }
  });

  test.each([
    [{ target, zoom: null, lens: null, atlas: null }, '#virtual:0x7f12a0003c10'],
    [{ target, zoom: 8, lens: 'class', atlas: null }, '#virtual:0x7f12a0003c10@8/class'],
    [
      { target, zoom: null, lens: 'entropy:512', atlas: null },
      '#virtual:0x7f12a0003c10/entropy:512',
    ],
    [{ target, zoom: 8, lens: null, atlas: 'curve' }, '#virtual:0x7f12a0003c10@8//curve'],
    [{ target: null, zoom: 8, lens: 'class', atlas: null }, '#/class'],
    [{ target: null, zoom: 8, lens: 'class', atlas: 'curve' }, '#/class/curve'],
  ])('%o', (link, text) => expect(formatPermalink(link)).toBe(text));

  test('links from before there were lenses are read', () => {
    expect(parsePermalink('#virtual:0x7f12a0003c10@0.5', spaces)).toEqual({
      target,
      zoom: 0.5,
      lens: null,
      atlas: null,
    });
    expect(parsePermalink('#virtual%3A0x7f12a0003c10', spaces)?.target).toEqual(target);
  });

  test('a lens alone', () => {
    const link = { target: null, zoom: null, lens: 'class', atlas: null };
    expect(parsePermalink('#/class', spaces)).toEqual(link);
  });

  test.each([
    '',
    '#',
    '#/',
    '#virtual',
    '#virtual:zz',
    '#other:0x1',
    '#%E0%A4%A',
    '#zz/class',
    '#//',
  ])('%j is none', (hash) => expect(parsePermalink(hash, spaces)).toBeNull());

  test('a zoom that cannot be is left out, and so is a lens', () => {
    expect(parsePermalink('#virtual:0x1@-3', spaces)?.zoom).toBeNull();
    expect(parsePermalink('#virtual:0x1@fast', spaces)?.zoom).toBeNull();
    expect(parsePermalink('#virtual:0x1@2/%E0%A4%A', spaces)).toMatchObject({
      zoom: 2,
      lens: null,
    });
    expect(parsePermalink('#virtual:0x1@2/', spaces)).toMatchObject({ zoom: 2, lens: null });
  });
});

describe('the go-to box', () => {
  const manifest = parseManifest(sampleManifest());
  const finder = new TargetFinder(manifest);

  test.each([
    ['0x1234', 'virtual', 0x1234n],
    ['physical:1234', 'physical', 0x1234n],
    ['libc.so.6+0x10', 'virtual', 0x7f12_9fff_0011n],
    ['LIBC.SO.6 + 10', 'virtual', 0x7f12_9fff_0011n],
    ['ntdll+1', 'virtual', 0xffff_ffff_ffff_e001n],
    ['[heap]+ff', 'virtual', 0x10ffn],
    ['ntdll!.text+0x12', 'virtual', 0xffff_ffff_ffff_e212n],
    ['NTDLL.dll!.TEXT + 12', 'virtual', 0xffff_ffff_ffff_e212n],
    ['ntdll!.text', 'virtual', 0xffff_ffff_ffff_e200n],
    ['ntdll!.data+!', 'virtual', 0xffff_ffff_ffff_e800n],
    ['ntdll!.data+!+1', 'virtual', 0xffff_ffff_ffff_e801n],
    ['ntdll!rt+1', 'virtual', 0x77cc_1001n],
  ])('%s', (text, space, address) => {
    expect(finder.find(text, 'virtual')).toMatchObject({ what: 'address', space, address });
  });

  test.each(['[heap]', '[HEAP]', 'hea'])('%s is a region', (text) => {
    expect(finder.find(text, 'virtual')).toMatchObject({
      what: 'region',
      region: { name: '[heap]' },
    });
  });

  test('says what it does not know', () => {
    expect(finder.find('kernel32', 'virtual')).toMatchObject({ what: 'unknown' });
    expect(finder.find('', 'virtual')).toMatchObject({ what: 'unknown' });
    expect(finder.find('ntdll+1000', 'virtual')).toMatchObject({
      what: 'unknown',
      message: expect.stringContaining('ends at +0x1000'),
    });
    expect(finder.find('ntdll!.text+234', 'virtual')).toMatchObject({
      what: 'unknown',
      message: 'ntdll.dll!.text ends at +0x234.',
    });
  });

  test.each(['ntdll!.bss', 'ntdll!', '!.text', 'libc!.text+1', 'ntdll!+0x10'])(
    '%s is no section',
    (text) => expect(finder.find(text, 'virtual')).toMatchObject({ what: 'unknown' }),
  );

  test('names the neighbours of an address in no region', () => {
    const sentence = finder.describeUnmapped('virtual', 0x3000n);
    expect(sentence).toContain('[heap] ends 4 KiB below');
    expect(sentence).toContain('libc.so.6 starts 127 TiB above');
  });
});

describe('an address in a module', () => {
  const { regions } = parseManifest(sampleManifest());
  const at = (region: Region, address: bigint) => {
    const { section, ...rest } = relativeTo(region, address);
    return { ...rest, section: section?.name };
  };
  const [heap, libc, ntdll] = regions as readonly [Region, Region, Region];

  test.each([
    ['the first byte of a section', 0x200n, '.text'],
    ['the last byte of a section', 0x433n, '.text'],
    ['the byte behind it', 0x434n, undefined],
    ['the headers', 0n, 'header'],
    ['the last byte of the module', 0xfffn, '.Data+!'],
  ])('%s', (_, offset, section) => {
    expect(at(ntdll, ntdll.start + offset)).toEqual({ base: 'ntdll.dll', offset, section });
  });

  test('without sections, and in no module', () => {
    const address = libc.start + 1n;
    expect(at(libc, address)).toEqual({
      base: 'libc.so.6',
      offset: address - 0x7f12_9fff_0001n,
      section: undefined,
    });
    expect(at(heap, 0x1010n)).toEqual({ base: '[heap]', offset: 0x10n, section: undefined });
  });
});

test('the filter takes names, kinds and addresses', () => {
  const { regions } = parseManifest(sampleManifest());
  const names = (text: string) => filterRegions(regions, text).map(({ name }) => name);
  expect(names('')).toHaveLength(3);
  expect(names('LIBC')).toEqual(['libc.so.6']);
  expect(names('module')).toEqual(['libc.so.6', 'ntdll.dll']);
  expect(names('0x7f12a0000010')).toEqual(['libc.so.6']);
  expect(names('nothing')).toEqual([]);
});

test('a run list holds exactly its bytes', () => {
  const list = new RunList([
    ['0x0', '0x10'],
    ['0x20', '0x1'],
    ['0xfffffffffffffff0', '0xf'],
  ]);
  const held = [];
  for (let offset = 0n; offset < 0x30n; offset += 1n) if (list.holds(offset, 1)) held.push(offset);
  expect(held).toEqual([...Array.from({ length: 16 }, (_, offset) => BigInt(offset)), 0x20n]);
  expect(list.holds(0xen, 2)).toBe(true);
  expect(list.holds(0xfn, 2)).toBe(false);
  expect(list.holds(0xffff_ffff_ffff_fffen, 1)).toBe(true);
  expect(new RunList([]).holds(0n, 1)).toBe(false);
});

test('the scale counts bytes of a row, and of a pixel', () => {
  const rows = { layout: 'rows', bits: 8 } as const;
  expect(scaleAt(1, rows)).toEqual({
    bytes: 128,
    across: 'row',
    length: 128,
    pixel: '1 byte = 1 pixel',
  });
  expect(scaleAt(16, rows)).toMatchObject({
    bytes: 8,
    length: 128,
    pixel: '1 byte = 16 × 16 pixels',
  });
  expect(scaleAt(1 / 64, rows)).toMatchObject({ bytes: 8192, pixel: '1 pixel ≈ 4 KiB' });
  expect(scaleAt(64, { layout: 'classic', bits: 32 })).toMatchObject({ bytes: 8, length: 128 });
});

test('where rows are no stretches of memory, the scale counts bytes of a square', () => {
  // 128 × 128 pixels of a byte, and 2 × 2 of four bytes.
  const square = { across: 'square', length: 128 };
  expect(scaleAt(1, { layout: 'hilbert', bits: 8 })).toMatchObject({ ...square, bytes: 16_384 });
  expect(scaleAt(64, { layout: 'pages', bits: 32 })).toMatchObject({ ...square, bytes: 16 });
});

test('how many regions are listed', () => {
  expect(formatCount(1, 1)).toBe('1 region');
  expect(formatCount(0, 1)).toBe('0 of 1 region');
  expect(formatCount(1, 3)).toBe('1 of 3 regions');
  expect(formatCount(65_536, 65_536)).toBe('65,536 regions');
});

/** A manifest as JSON gives it: three regions, one of them without a picture, and a gap. */
export function sampleManifest() {
  const pyramid = {
    width: 400,
    height: 300,
    tile_size: 512,
    overlap: 0,
    format: 'png',
    levels: 10,
    engine: 'fast',
    unwritten: 'unwritten.json',
    unwritten_script: 'unwritten.js',
    tiles: 10,
    list: 'tiles.sha256',
    sha256: '',
  };
  const picture = { first: '0x0', layout: 'rows', lens: 'bytes', bits: 8, bmp: [], pyramid: null };
  const region = { space: 'virtual', protection: 'r-xp', sha256: null };
  return {
    version: 3,
    generator: 'memtiles 0.1.0',
    title: 'sample.core',
    dump: {
      name: 'sample.core',
      format: 'elf-core',
      size: '0x3000',
      address_bits: 64,
      byte_order: 'little',
    },
    spaces: [{ name: 'virtual' }, { name: 'physical' }],
    modules: [
      {
        name: 'libc.so.6',
        path: '/usr/lib/libc.so.6',
        space: 'virtual',
        start: '0x7f129fff0001',
        size: '0x20000',
        sections: [],
      },
      {
        name: 'ntdll.dll',
        path: 'C:\\Windows\\System32\\ntdll.dll',
        space: 'virtual',
        start: '0xffffffffffffe000',
        size: '0x1000',
        sections: [
          { name: 'header', start: '0xffffffffffffe000', size: '0x100', protection: 'r--' },
          { name: '.text', start: '0xffffffffffffe200', size: '0x234', protection: 'r-x' },
          { name: '.Data+!', start: '0xffffffffffffe800', size: '0x800', protection: 'rw-' },
        ],
      },
      {
        name: 'ntdll.dll',
        path: 'C:\\Windows\\SysWOW64\\ntdll.dll',
        space: 'virtual',
        start: '0x77cc0000',
        size: '0x3000',
        sections: [
          { name: 'RT', start: '0x77cc1000', size: '0x1000', protection: 'r-x' },
          { name: '', start: '0x77cc2000', size: '0x1000', protection: 'rw-' },
        ],
      },
    ],
    pictures: [
      {
        ...picture,
        path: 'pictures/heap',
        size: '0x1000',
        width: 64,
        height: 64,
        runs: { file: 'runs.json', script: null, whole: true },
      },
      {
        ...picture,
        path: 'pictures/libc',
        size: '0x1010',
        width: 128,
        height: 33,
        runs: { file: 'runs.json', script: 'runs.js', whole: false },
      },
    ],
    regions: [
      {
        ...region,
        name: '[heap]',
        kind: 'heap',
        start: '0x1000',
        size: '0x1000',
        present: '0x1000',
        module: null,
        picture: 0,
      },
      {
        ...region,
        name: 'libc.so.6',
        kind: 'module',
        start: '0x7f12a0000001',
        size: '0x1010',
        present: '0x1000',
        module: 0,
        picture: 1,
      },
      {
        ...region,
        name: 'ntdll.dll',
        kind: 'module',
        start: '0xffffffffffffe000',
        size: '0x1000',
        present: '0x0',
        module: 1,
        picture: null,
      },
    ],
    lenses: [
      {
        name: 'bytes',
        summary: 'The bytes are the pixels.',
        zoom: 'mean',
        rule: 'Farther out, a pixel is the mean of what is present.',
        legend: [{ colour: '#000000', label: '0x00' }],
      },
      {
        name: 'class',
        summary: 'What sort of byte each is.',
        zoom: 'foremost',
        rule: 'Farther out, a pixel shows the first of these.',
        legend: [
          { colour: '#ff8800', label: 'text' },
          { colour: '#112233', label: '0x00' },
        ],
      },
      {
        name: 'entropy:512',
        summary: 'How evenly byte values are spread.',
        zoom: 'highest',
        rule: 'Farther out, a pixel shows the highest value in it.',
        legend: [],
      },
    ],
    atlases: [
      {
        name: 'landscape',
        style: 'landscape',
        space: 'virtual',
        layout: null,
        lenses: [
          { lens: 0, path: 'atlases/landscape', pyramid },
          { lens: 1, path: 'atlases/landscape-class', pyramid },
          { lens: 2, path: 'atlases/landscape-entropy', pyramid },
        ],
        placements: [
          { region: 0, picture: 0, x: 10, y: 30, label: { x: 10, y: 10, width: 64, height: 16 } },
          {
            region: 1,
            picture: 1,
            x: 110,
            y: 30,
            label: { x: 110, y: 10, width: 128, height: 16 },
          },
        ],
        gaps: [
          { x: 80, y: 30, width: 20, height: 64, size: '0x7f129fffe001', before: 0, after: 1 },
        ],
      },
    ],
    strips: [
      {
        name: 'hal-strip',
        path: 'strips/hal-strip-0123456789abcdef0123',
        file: 'hal-strip.png',
        format: 'png',
        region: 1,
        atlas: null,
        x: 9150,
        y: 0,
        width: 100,
        height: 18400,
        dpi: 300,
        size: 1840123,
        sha256: '',
      },
    ],
  };
}

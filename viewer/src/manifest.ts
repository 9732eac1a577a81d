/** The manifest: what is in the output folder. `docs/manifest.md` is the contract. */

import { BITS, BMP_LAYOUTS, type Geometry, geometry, type Placement } from './layout';
import { visibleName } from './names';
import { SpanIndex } from './spans';

const VERSION = 2;

export const KINDS = ['module', 'heap', 'stack', 'file', 'anonymous', 'kernel', 'range'] as const;
export type Kind = (typeof KINDS)[number];

export interface Dump {
  readonly name: string;
  readonly format: string;
  readonly addressBits: 32 | 64;
}

export interface Module {
  readonly name: string;
  readonly space: string;
  readonly start: bigint;
  readonly size: bigint;
  readonly sections: SpanIndex<Section>;
}

/** A piece of a module, as its own headers have it. */
export interface Section {
  /** Empty for a segment of an ELF image. */
  readonly name: string;
  readonly start: bigint;
  readonly size: bigint;
  readonly protection: string;
}

export interface Region {
  readonly index: number;
  readonly name: string;
  readonly kind: Kind;
  readonly space: string;
  readonly start: bigint;
  readonly size: bigint;
  readonly present: bigint;
  readonly protection: string | null;
  readonly module: Module | null;
  readonly picture: Picture | null;
}

export interface Picture {
  readonly path: string;
  /** Where it begins in the raster and the run list of its folder, which small pictures share. */
  readonly first: bigint;
  readonly shape: Geometry;
  /** The script that holds the run list; null when nothing is missing. */
  readonly runsScript: string | null;
}

export interface Pyramid {
  readonly width: number;
  readonly height: number;
  readonly tileSize: number;
  readonly overlap: number;
  readonly format: string;
  readonly levels: number;
  /** The script that lists the tiles without a file; null when there are none. */
  readonly unwrittenScript: string | null;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A region's picture in an atlas, and the room kept free for its name. */
export interface PlacedRegion extends Placement {
  readonly region: Region;
  readonly label: Rectangle;
}

/** Room kept free to mark that `size` addresses lie between two regions. */
export interface Gap extends Rectangle {
  readonly size: bigint;
  readonly before: Region;
  readonly after: Region;
}

export interface Atlas {
  readonly name: string;
  readonly space: string;
  readonly path: string;
  readonly pyramid: Pyramid;
  readonly placements: readonly PlacedRegion[];
  readonly gaps: readonly Gap[];
}

/** A cut for printing: an image file of the site. */
export interface Strip {
  readonly name: string;
  /** The file, from the page's own folder. */
  readonly href: string;
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  /** Bytes of the file. */
  readonly size: number;
}

export interface Manifest {
  readonly title: string;
  readonly dump: Dump;
  readonly spaces: readonly string[];
  readonly modules: readonly Module[];
  readonly regions: readonly Region[];
  readonly atlases: readonly Atlas[];
  readonly strips: readonly Strip[];
}

/** A manifest that this viewer cannot show; the message is a sentence for the reader. */
export class ManifestError extends Error {}

/** One value of the manifest and where it stands, so that a refusal can name the place. */
class Field {
  constructor(
    private readonly value: unknown,
    private readonly where: string,
  ) {}

  refuse(expected: string): never {
    throw new ManifestError(`The manifest is damaged: ${this.where} is not ${expected}.`);
  }

  get(key: string): Field {
    if (typeof this.value !== 'object' || this.value === null) this.refuse('an object');
    return new Field(Reflect.get(this.value, key), `${this.where}.${key}`);
  }

  list<T>(read: (item: Field, index: number) => T): T[] {
    if (!Array.isArray(this.value)) this.refuse('a list');
    return this.value.map((item, index) => read(new Field(item, `${this.where}[${index}]`), index));
  }

  optional<T>(read: (field: Field) => T): T | null {
    return this.value === null ? null : read(this);
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.refuse('a text');
  }

  /** A part of a path: what is made of such parts leads nowhere else. */
  pathPart(form: RegExp): string {
    const text = this.text();
    return form.test(text) ? text : this.refuse('the name of a file or folder of the site');
  }

  count(): number {
    const { value } = this;
    return Number.isSafeInteger(value) && Number(value) >= 0
      ? Number(value)
      : this.refuse('a whole number');
  }

  hex(): bigint {
    const { value } = this;
    return typeof value === 'string' && /^0x[0-9a-f]+$/.test(value)
      ? BigInt(value)
      : this.refuse('a hexadecimal text');
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.refuse('true or false');
  }

  oneOf<T>(allowed: readonly T[]): T {
    const found = allowed.find((item) => item === this.value);
    return found === undefined ? this.refuse(`one of ${allowed.join(', ')}`) : found;
  }

  /** The item of `items` that this index names. */
  itemOf<T>(items: readonly T[]): T {
    return items[this.count()] ?? this.refuse('an index of the list it points into');
  }
}

/**
 * Checks and reads what `manifest.js` left behind.
 *
 * @throws ManifestError With a sentence that can be shown as it is.
 */
export function parseManifest(value: unknown): Manifest {
  if (value === undefined) {
    throw new ManifestError(
      'There is no manifest: manifest.js is missing beside this page, or cannot be read. ' +
        'Open the page from the folder that memtiles built, with everything in it.',
    );
  }
  const root = new Field(value, 'manifest');
  const version = root.get('version').count();
  if (version !== VERSION) {
    throw new ManifestError(
      `This folder was written in manifest version ${version}, and this viewer reads only ` +
        `version ${VERSION}. Open it with the viewer that came with it.`,
    );
  }
  const dump = root.get('dump');
  const modules = root.get('modules').list(readModule);
  const pictures = root.get('pictures').list(readPicture);
  const regions = root
    .get('regions')
    .list((field, index) => readRegion(field, index, modules, pictures));
  return {
    title: visibleName(root.get('title').text()),
    dump: {
      name: dump.get('name').text(),
      format: dump.get('format').text(),
      addressBits: dump.get('address_bits').oneOf([32, 64] as const),
    },
    spaces: root.get('spaces').list((space) => space.get('name').text()),
    modules,
    regions,
    atlases: root.get('atlases').list((field) => readAtlas(field, regions, pictures)),
    strips: root.get('strips').list(readStrip),
  };
}

function readModule(field: Field): Module {
  return {
    name: visibleName(field.get('name').text()),
    space: field.get('space').text(),
    start: field.get('start').hex(),
    size: field.get('size').hex(),
    sections: new SpanIndex(field.get('sections').list(readSection)),
  };
}

function readSection(field: Field): Section {
  return {
    name: visibleName(field.get('name').text()),
    start: field.get('start').hex(),
    size: field.get('size').hex(),
    protection: field.get('protection').text(),
  };
}

function readPicture(field: Field): Picture {
  const layout = field.get('layout').oneOf(BMP_LAYOUTS);
  const bits = field.get('bits').oneOf(BITS);
  const size = field.get('size').hex();
  const width = field.get('width').count();
  const height = field.get('height').count();
  const shape = geometry(layout, bits, size, layout === 'rows' ? width : null);
  if (shape.width !== width || shape.height !== height) {
    field.refuse(`${shape.width} × ${shape.height} pixels, as its layout says`);
  }
  const runs = field.get('runs');
  return {
    path: field.get('path').text(),
    first: field.get('first').hex(),
    shape,
    runsScript: runs.get('whole').boolean() ? null : runs.get('script').text(),
  };
}

function readRegion(
  field: Field,
  index: number,
  modules: readonly Module[],
  pictures: readonly Picture[],
): Region {
  return {
    index,
    name: visibleName(field.get('name').text()),
    kind: field.get('kind').oneOf(KINDS),
    space: field.get('space').text(),
    start: field.get('start').hex(),
    size: field.get('size').hex(),
    present: field.get('present').hex(),
    protection: field.get('protection').optional((protection) => protection.text()),
    module: field.get('module').optional((module) => module.itemOf(modules)),
    picture: field.get('picture').optional((picture) => picture.itemOf(pictures)),
  };
}

function readRectangle(field: Field): Rectangle {
  return {
    x: field.get('x').count(),
    y: field.get('y').count(),
    width: field.get('width').count(),
    height: field.get('height').count(),
  };
}

function readAtlas(field: Field, regions: readonly Region[], pictures: readonly Picture[]): Atlas {
  const pyramid = field.get('pyramid');
  return {
    name: field.get('name').text(),
    space: field.get('space').text(),
    path: field.get('path').text(),
    pyramid: {
      width: pyramid.get('width').count(),
      height: pyramid.get('height').count(),
      tileSize: pyramid.get('tile_size').count(),
      overlap: pyramid.get('overlap').count(),
      format: pyramid.get('format').text(),
      levels: pyramid.get('levels').count(),
      unwrittenScript: pyramid
        .get('unwritten_script')
        .optional((script) => script.pathPart(/^[a-z0-9][a-z0-9.-]*$/)),
    },
    placements: field.get('placements').list((placed) => readPlacement(placed, regions, pictures)),
    gaps: field.get('gaps').list((gap) => ({
      ...readRectangle(gap),
      size: gap.get('size').hex(),
      before: gap.get('before').itemOf(regions),
      after: gap.get('after').itemOf(regions),
    })),
  };
}

function readPlacement(
  field: Field,
  regions: readonly Region[],
  pictures: readonly Picture[],
): PlacedRegion {
  const region = field.get('region').itemOf(regions);
  const { shape } = field.get('picture').itemOf(pictures);
  if (shape.size !== region.size) field.refuse('the place of a picture of its region');
  return {
    region,
    space: region.space,
    start: region.start,
    shape,
    x: field.get('x').count(),
    y: field.get('y').count(),
    label: readRectangle(field.get('label')),
  };
}

function readStrip(field: Field): Strip {
  const folder = field.get('path').pathPart(/^strips\/[a-z0-9-]+$/);
  const file = field.get('file').pathPart(/^[a-z0-9][a-z0-9.-]*$/);
  const dpi = field.get('dpi').count();
  return {
    name: visibleName(field.get('name').text()),
    href: `${folder}/${file}`,
    format: field.get('format').oneOf(['png', 'tif', 'bmp']),
    width: field.get('width').count(),
    height: field.get('height').count(),
    dpi: dpi > 0 ? dpi : field.get('dpi').refuse('at least 1'),
    size: field.get('size').count(),
  };
}

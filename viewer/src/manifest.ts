/** The manifest: what is in the output folder. `docs/manifest.md` is the contract. */

import { Field, ManifestError } from './field';
import {
  BITS,
  BMP_LAYOUTS,
  type Geometry,
  geometry,
  LAYOUTS,
  type LayoutName,
  type Placement,
} from './layout';
import { visibleName } from './names';
import { SpanIndex } from './spans';

const VERSION = 3;

export const KINDS = ['module', 'heap', 'stack', 'file', 'anonymous', 'kernel', 'range'] as const;
export type Kind = (typeof KINDS)[number];

export const BYTE_ORDERS = ['little', 'big'] as const;
export type ByteOrder = (typeof BYTE_ORDERS)[number];

export interface Dump {
  readonly name: string;
  readonly format: string;
  readonly addressBits: 32 | 64;
  readonly byteOrder: ByteOrder;
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
  /** The files that its raster is cut into. */
  readonly bmp: readonly BmpPart[];
  /** The script that holds the run list; null when nothing is missing. */
  readonly runsScript: string | null;
}

/** Rows of a picture's raster, from byte `offset` of a file on. */
export interface BmpPart {
  readonly file: string;
  readonly offset: number;
  readonly firstRow: number;
  readonly rows: number;
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

export const ZOOMS = ['mean', 'highest', 'foremost'] as const;

/** A colour of a legend, and what it stands for. */
export interface Swatch {
  readonly colour: string;
  readonly label: string;
}

export interface Lens {
  readonly name: string;
  readonly summary: string;
  /** What one pixel shows that stands for many; `rule` says it. */
  readonly zoom: (typeof ZOOMS)[number];
  readonly rule: string;
  readonly legend: readonly Swatch[];
}

/** An atlas seen through a lens. */
export interface AtlasLens {
  readonly lens: Lens;
  readonly path: string;
  readonly pyramid: Pyramid;
}

export interface Atlas {
  readonly name: string;
  readonly space: string;
  readonly width: number;
  readonly height: number;
  /** At least one, and all of one size. */
  readonly lenses: readonly AtlasLens[];
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
  readonly lenses: readonly Lens[];
  readonly atlases: readonly Atlas[];
  readonly strips: readonly Strip[];
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
  const lenses = root.get('lenses').list(readLens);
  const regions = root
    .get('regions')
    .list((field, index) => readRegion(field, index, modules, pictures));
  return {
    title: visibleName(root.get('title').text()),
    dump: {
      name: dump.get('name').text(),
      format: dump.get('format').text(),
      addressBits: dump.get('address_bits').oneOf([32, 64] as const),
      byteOrder: dump.get('byte_order').oneOf(BYTE_ORDERS),
    },
    spaces: root.get('spaces').list((space) => space.get('name').text()),
    modules,
    regions,
    lenses,
    atlases: root.get('atlases').list((field) => readAtlas(field, regions, pictures, lenses)),
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
    path: field.get('path').folder(),
    first: field.get('first').hex(),
    shape,
    bmp: field.get('bmp').list((part) => ({
      file: part.get('file').file(),
      offset: part.get('offset').count(),
      firstRow: part.get('first_row').count(),
      rows: part.get('rows').count(),
    })),
    runsScript: runs.get('whole').boolean() ? null : runs.get('script').file(),
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

function readLens(field: Field): Lens {
  return {
    name: visibleName(field.get('name').text()),
    summary: visibleName(field.get('summary').text()),
    zoom: field.get('zoom').oneOf(ZOOMS),
    rule: visibleName(field.get('rule').text()),
    legend: field.get('legend').list((swatch) => ({
      colour: swatch.get('colour').colour(),
      label: visibleName(swatch.get('label').text()),
    })),
  };
}

function readAtlas(
  field: Field,
  regions: readonly Region[],
  pictures: readonly Picture[],
  lenses: readonly Lens[],
): Atlas {
  const layout = field.get('layout').optional((name) => name.oneOf(LAYOUTS));
  const seen = field.get('lenses').list((row) => readAtlasLens(row, lenses));
  const [first] = seen;
  if (!first) return field.get('lenses').refuse('a list of at least one lens');
  const { width, height } = first.pyramid;
  if (seen.some(({ pyramid }) => !sameTiles(pyramid, first.pyramid))) {
    field.get('lenses').refuse('of pyramids of one size');
  }
  return {
    name: field.get('name').text(),
    space: field.get('space').text(),
    width,
    height,
    lenses: seen,
    placements: field
      .get('placements')
      .list((placed) => readPlacement(placed, layout, regions, pictures)),
    gaps: field.get('gaps').list((gap) => ({
      ...readRectangle(gap),
      size: gap.get('size').hex(),
      before: gap.get('before').itemOf(regions),
      after: gap.get('after').itemOf(regions),
    })),
  };
}

function readAtlasLens(field: Field, lenses: readonly Lens[]): AtlasLens {
  const pyramid = field.get('pyramid');
  return {
    lens: field.get('lens').itemOf(lenses),
    path: field.get('path').folder(),
    pyramid: {
      width: pyramid.get('width').count(),
      height: pyramid.get('height').count(),
      tileSize: pyramid.get('tile_size').count(),
      overlap: pyramid.get('overlap').count(),
      format: pyramid.get('format').pathPart(/^[a-z0-9]+$/),
      levels: pyramid.get('levels').count(),
      unwrittenScript: pyramid.get('unwritten_script').optional((script) => script.file()),
    },
  };
}

/** Whether one can be shown in the other's place: all tiles are where the other's are. */
function sameTiles(one: Pyramid, other: Pyramid): boolean {
  return (['width', 'height', 'tileSize', 'overlap', 'levels'] as const).every(
    (key) => one[key] === other[key],
  );
}

function readPlacement(
  field: Field,
  layout: LayoutName | null,
  regions: readonly Region[],
  pictures: readonly Picture[],
): PlacedRegion {
  const region = field.get('region').itemOf(regions);
  const { shape: own } = field.get('picture').itemOf(pictures);
  if (own.size !== region.size) field.refuse('the place of a picture of its region');
  return {
    region,
    space: region.space,
    start: region.start,
    shape: layout === null ? own : geometry(layout, own.bits, own.size),
    x: field.get('x').count(),
    y: field.get('y').count(),
    label: readRectangle(field.get('label')),
  };
}

function readStrip(field: Field): Strip {
  const folder = field.get('path').pathPart(/^strips\/[a-z0-9-]+$/);
  const file = field.get('file').file();
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

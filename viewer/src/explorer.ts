/** The explorer: one atlas at a time on the map, where it flies to, and what it marks there. */

import { formatHex, type SpaceAddress } from './address';
import { AtlasIndex, namedRectangle } from './atlas';
import { Backdrop } from './backdrop';
import { formatBytes } from './bytes';
import { element, nameElement } from './elements';
import { Follow } from './follow';
import { Looks } from './looks';
import type { Atlas, Manifest, PlacedRegion, Region } from './manifest';
import { AtlasMap, READING_SCALE } from './map';
import { isolated } from './names';
import { drawOverlay } from './overlay';
import { parsePermalink, writePermalink } from './permalink';
import { Pointer } from './pointer';
import { RegionsList, toggleRegions } from './regions_list';
import { RunLists } from './runs';
import { scaleAt, showScale } from './scale';
import { StatusLine } from './status';
import { TargetFinder } from './target';
import type { View } from './view';

export class Explorer {
  readonly map = new AtlasMap(
    element('map-frame', HTMLElement),
    element('map', HTMLElement),
    element('viewer', HTMLElement),
  );
  readonly pointer: Pointer;
  readonly looks: Looks;
  readonly follow: Follow;
  /** Resolved when the first view is loaded and painted. */
  readonly ready: Promise<void>;

  private readonly backdrop = new Backdrop(element('backdrop', HTMLCanvasElement));
  private readonly overlay = element('overlay', HTMLCanvasElement);
  private readonly breadcrumb = element('breadcrumb', HTMLElement);
  private readonly scale = element('scale', HTMLElement);
  private readonly message = element('goto-message', HTMLElement);
  private readonly atlases = element('atlas', HTMLSelectElement);
  private readonly runs = new RunLists(() => {
    this.pointer.update();
    this.redrawOverlay();
  });
  private readonly targets: TargetFinder;
  private readonly regions: RegionsList;

  private index: AtlasIndex | null = null;
  private selected: Region | null = null;
  /** The byte that was clicked, gone to or linked to. */
  private marked: SpaceAddress | null = null;
  /** The region that the breadcrumb names. */
  private named: Region | undefined;
  private redrawing = false;
  /** Done when the atlas is open that was asked for last. */
  private opening: Promise<unknown> = Promise.resolve();

  constructor(private readonly manifest: Manifest) {
    const { addressBits } = manifest.dump;
    this.targets = new TargetFinder(manifest);
    this.looks = new Looks(
      manifest,
      (lens) => {
        this.map.show(lens);
        this.pointer.update();
        this.writeHash();
      },
      () => this.redrawOverlay(),
    );
    this.follow = new Follow(
      manifest,
      (memory, offset, count) => this.pointer.presence(memory, offset, count),
      (space, address) => this.targets.regionAt(space, address),
      (target) => this.goToAddress(target, READING_SCALE, false),
    );
    this.pointer = new Pointer(
      this.map,
      new StatusLine(
        element('status', HTMLElement),
        element('announcer', HTMLElement),
        addressBits,
      ),
      () => this.index,
      this.runs,
      () => this.redrawOverlay(),
      (memory) => this.follow.look(memory, this.looks.lens?.lens.name),
    );
    this.regions = new RegionsList(
      manifest.regions,
      addressBits,
      element('filter', HTMLInputElement),
      element('regions-count', HTMLElement),
      element('region-list', HTMLElement),
      (region) => this.goToRegion(region),
    );
    this.listen();
    this.ready = this.start();
  }

  async openAtlasAt(at: number): Promise<void> {
    const atlas = this.manifest.atlases[at];
    if (!atlas) return;
    // A mark left behind in the other atlas would go on naming this view's link.
    this.unmark();
    await this.openAtlas(atlas);
    this.writeHash();
  }

  /** Goes to what a reader means by `text`, or says why not; resolves to whether it went. */
  async goTo(text: string): Promise<boolean> {
    const space = this.index?.atlas.space ?? this.manifest.spaces[0] ?? '';
    const target = this.targets.find(text, space);
    if (target.what === 'region') return this.goToRegion(target.region);
    if (target.what === 'address') return this.goToAddress(target, READING_SCALE, false);
    this.say(target.message);
    return false;
  }

  /** Shows a sentence below the go-to box; an empty one takes it away. */
  say(sentence: string): void {
    this.message.textContent = sentence;
    this.message.hidden = sentence === '';
  }

  /** Flies to a byte at once; see `memtiles.screen`. */
  async screen(space: string, address: bigint): Promise<{ x: number; y: number } | null> {
    const pixel = (await this.openSpace(space))?.pixelOf(address);
    if (!pixel) return null;
    this.map.flyToPixel(pixel, READING_SCALE, true);
    await this.map.settled();
    return this.map.clientOf(pixel);
  }

  private async start(): Promise<void> {
    const { atlases, spaces } = this.manifest;
    this.atlases.replaceChildren(
      ...atlases.map(
        ({ name, space }) => new Option(spaces.length > 1 ? `${name}, ${space}` : name),
      ),
    );
    this.atlases.hidden = atlases.length < 2;
    const [first] = atlases;
    if (!first) return;
    const link = parsePermalink(location.hash, spaces);
    this.looks.preferred = link?.lens ?? null;
    await this.openAtlas(atlases.find(({ name }) => name === link?.atlas) ?? first);
    await this.followHash(true);
    await this.map.settled();
  }

  private listen(): void {
    const { viewer } = this.map;
    viewer.canvas.setAttribute('role', 'application');
    viewer.canvas.setAttribute('aria-label', 'Map of the memory. Arrows pan, plus and minus zoom.');
    viewer.addHandler('canvas-click', ({ quick, originalEvent }) => {
      if (quick && originalEvent instanceof MouseEvent) this.click(originalEvent);
    });
    viewer.addHandler('update-viewport', () => this.draw());
    viewer.addHandler('animation-finish', () => this.writeHash());
    window.addEventListener('hashchange', () => this.followHash(false));
  }

  /** One after the other: of two that load at once, the tiles of one could lie under the other's. */
  private openAtlas(atlas: Atlas): Promise<AtlasIndex> {
    const opened = this.opening.then(() => this.openNow(atlas));
    this.opening = opened.catch(() => undefined);
    return opened;
  }

  private async openNow(atlas: Atlas): Promise<AtlasIndex> {
    this.atlases.selectedIndex = this.manifest.atlases.indexOf(atlas);
    this.index = null;
    await this.map.open(atlas, this.looks.turnTo(atlas));
    this.index = new AtlasIndex(atlas);
    this.map.viewer.forceRedraw();
    return this.index;
  }

  /** The atlas of `space`: the one on the map if it fits, else the first that does. */
  private async openSpace(space: string): Promise<AtlasIndex | null> {
    if (this.index?.atlas.space === space) return this.index;
    const atlas = this.manifest.atlases.find((candidate) => candidate.space === space);
    return atlas ? this.openAtlas(atlas) : null;
  }

  private async goToRegion(region: Region): Promise<boolean> {
    const placed = (await this.openSpace(region.space))?.placementOf(region);
    if (!placed) {
      this.say(explainMissing(region));
      return false;
    }
    this.say('');
    this.unmark();
    this.selected = region;
    this.regions.reveal(region);
    toggleRegions(false);
    this.map.flyToRectangle(namedRectangle(placed));
    this.redrawOverlay();
    return true;
  }

  private async goToAddress(
    target: SpaceAddress,
    scale: number,
    immediately: boolean,
  ): Promise<boolean> {
    const { space, address } = target;
    const pixel = (await this.openSpace(space))?.pixelOf(address);
    if (!pixel) {
      const region = this.targets.regionAt(space, address);
      this.say(region ? explainMissing(region) : this.targets.describeUnmapped(space, address));
      return false;
    }
    this.say('');
    // A pointer that happens to rest on the map, or a finger that was lifted, asks for nothing here.
    this.pointer.move(null);
    this.mark(target);
    this.map.flyToPixel(pixel, scale, immediately);
    this.writeHash(scale);
    return true;
  }

  private async followHash(immediately: boolean): Promise<void> {
    const link = parsePermalink(location.hash, this.manifest.spaces);
    const { atlases } = this.manifest;
    const space = link?.target?.space;
    const atlas =
      atlases.find(({ name }) => name === link?.atlas) ??
      atlases.find((candidate) => candidate.space === space);
    if (atlas && atlas !== this.index?.atlas) await this.openAtlas(atlas);
    if (link) this.looks.chooseNamed(link.lens);
    if (link?.target) await this.goToAddress(link.target, link.zoom ?? READING_SCALE, immediately);
    else if (link) this.say('');
    else if (location.hash.length > 1) {
      this.say('The link’s address cannot be read: it should look like #virtual:0x7ffe1000.');
    } else this.say('');
  }

  /**
   * The hash names the marked byte, or the one in the middle of the map where none is marked, or the
   * first of the selected region; how wide a byte is drawn; and the lens.
   */
  private writeHash(scale = this.map.scale()): void {
    if (!scale) return;
    const target = this.marked ?? this.centre() ?? this.startOfSelected();
    const lens = this.looks.lensInLink;
    const reading = Math.abs(scale - READING_SCALE) < READING_SCALE / 1000;
    const { atlases } = this.manifest;
    const open = this.index?.atlas;
    // Where it is the first one of its space, the byte alone leads there.
    const atlas =
      open && open !== atlases.find(({ space }) => space === open.space) ? open.name : null;
    const zoom = reading ? null : scale;
    writePermalink(target || lens || atlas ? { target, zoom, lens, atlas } : null);
  }

  private click(event: MouseEvent): void {
    const point = { x: event.clientX, y: event.clientY };
    this.say('');
    this.pointer.move(point);
    const place = this.pointer.placeAt(point);
    if (place?.what === 'memory') {
      this.mark({ space: place.placed.space, address: place.address });
      // Nobody sees where a finger was: when the map moves, the line goes on telling about the mark.
      if (event instanceof PointerEvent && event.pointerType === 'touch') this.pointer.move(null);
    } else {
      this.unmark();
    }
    this.writeHash();
  }

  private unmark(): void {
    this.marked = null;
    this.selected = null;
    this.pointer.keep(null);
    this.redrawOverlay();
  }

  private mark(target: SpaceAddress): void {
    this.marked = target;
    this.selected = this.targets.regionAt(target.space, target.address);
    if (this.selected) this.regions.reveal(this.selected);
    const pixel = this.index?.pixelOf(target.address);
    const place = pixel && this.index?.placeAt(pixel.x, pixel.y);
    this.pointer.keep(place?.what === 'memory' ? place : null);
    this.redrawOverlay();
  }

  /** The address in the middle of the map, and what is placed there. */
  private centre(): (SpaceAddress & { placed: PlacedRegion }) | null {
    const { left, top, width, height } = this.map.viewer.canvas.getBoundingClientRect();
    const place = this.pointer.placeAt({ x: left + width / 2, y: top + height / 2 });
    if (place?.what !== 'memory') return null;
    const { placed, address } = place;
    return { placed, space: placed.space, address };
  }

  private startOfSelected(): SpaceAddress | null {
    return this.selected && { space: this.selected.space, address: this.selected.start };
  }

  private draw(): void {
    const view = this.map.view();
    if (!view || !this.index) return;
    this.backdrop.draw(this.index, view);
    this.drawOverlay(this.index, view);
    this.showView(view);
  }

  /** Once a frame, and without the map under it: a moving pointer changes nothing else. */
  private redrawOverlay(): void {
    if (this.redrawing) return;
    this.redrawing = true;
    requestAnimationFrame(() => {
      this.redrawing = false;
      const view = this.map.view();
      if (view && this.index) this.drawOverlay(this.index, view);
    });
  }

  private drawOverlay(index: AtlasIndex, view: View): void {
    const { marked, selected } = this;
    const highlights = {
      hovered: this.pointer.region,
      pointed: this.pointer.pixel,
      selected,
      marked: marked?.space === index.atlas.space ? index.pixelOf(marked.address) : null,
    };
    drawOverlay(this.overlay, index, view, highlights, this.looks.tint, this.runs);
  }

  private showView(view: View): void {
    const placed = this.centre()?.placed;
    const region = placed?.region;
    const shape = placed?.shape ?? this.index?.atlas.placements[0]?.shape;
    if (shape) showScale(this.scale, scaleAt(view.scale / view.ratio, shape));
    if (region === this.named) return;
    this.named = region;
    this.breadcrumb.replaceChildren();
    if (region) {
      const details = ` · ${formatHex(region.start)} · ${formatBytes(region.size)}`;
      this.breadcrumb.append(nameElement(region.name), details);
    }
  }
}

function explainMissing(region: Region): string {
  return region.picture
    ? `${isolated(region.name)} has no pixel for this address in the atlas.`
    : `${isolated(region.name)} is not in the dump: there is no picture of it.`;
}

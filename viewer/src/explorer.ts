/** The explorer: one atlas at a time on the map, and the panels that follow it. */

import { formatHex, formatSpaceAddress } from './address';
import { AtlasIndex, type Place } from './atlas';
import { Backdrop } from './backdrop';
import { element } from './elements';
import { listenToKeys } from './keyboard';
import { fillLegend } from './kinds';
import { pixelBytes } from './layout';
import { AtlasMap, READING_SCALE } from './map';
import type { Atlas, Manifest, PlacedRegion, Region } from './manifest';
import { drawOverlay } from './overlay';
import { parsePermalink, writePermalink } from './permalink';
import { RegionsList } from './regions_list';
import { type Presence, RunLists } from './runs';
import { scaleAt, showScale } from './scale';
import { StatusLine } from './status';
import { TargetFinder } from './target';
import type { View } from './view';

/** What lies under a point of the window; see `memtiles.locate`. */
export interface Located {
  readonly state: Presence | 'gap' | 'none';
  readonly address: string | null;
  readonly region: number | null;
  readonly offset: string | null;
  readonly count: number;
}

export class Explorer {
  readonly map = new AtlasMap(
    element('map-frame', HTMLElement),
    element('map', HTMLElement),
    element('viewer', HTMLElement),
  );
  /** Resolved when the first view is loaded and painted. */
  readonly ready: Promise<void>;

  private readonly backdrop = new Backdrop(element('backdrop', HTMLCanvasElement));
  private readonly overlay = element('overlay', HTMLCanvasElement);
  private readonly breadcrumb = element('breadcrumb', HTMLElement);
  private readonly scale = element('scale', HTMLElement);
  private readonly message = element('goto-message', HTMLElement);
  private readonly atlases = element('atlas', HTMLSelectElement);
  private readonly help = element('help', HTMLDialogElement);
  private readonly runs = new RunLists(() => this.showPointer());
  private readonly status: StatusLine;
  private readonly targets: TargetFinder;
  private readonly regions: RegionsList;

  private index: AtlasIndex | null = null;
  private pointer: { readonly x: number; readonly y: number } | null = null;
  private hovered: Region | null = null;
  private selected: Region | null = null;
  /** The byte that was clicked, gone to or linked to. */
  private marked: { readonly space: string; readonly address: bigint } | null = null;

  constructor(private readonly manifest: Manifest) {
    const { addressBits } = manifest.dump;
    this.status = new StatusLine(
      element('status', HTMLElement),
      element('announcer', HTMLElement),
      addressBits,
    );
    this.targets = new TargetFinder(manifest);
    this.regions = new RegionsList(
      manifest.regions,
      addressBits,
      element('filter', HTMLInputElement),
      element('regions-count', HTMLElement),
      element('region-list', HTMLElement),
      (region) => this.goToRegion(region),
    );
    fillLegend(element('legend', HTMLElement), new Set(manifest.regions.map(({ kind }) => kind)));
    this.listen();
    this.ready = this.start();
  }

  locate(clientX: number, clientY: number): Located | null {
    const place = this.placeAt(clientX, clientY);
    if (!place) return null;
    if (place.what === 'memory') {
      const { region } = place.placed;
      return {
        state: this.presence(place),
        address: formatSpaceAddress({ space: region.space, address: place.address }),
        region: region.index,
        offset: formatHex(place.offset),
        count: place.count,
      };
    }
    const state = place.what === 'gap' ? 'gap' : 'none';
    return { state, address: null, region: null, offset: null, count: 0 };
  }

  async screen(space: string, address: bigint): Promise<{ x: number; y: number } | null> {
    const pixel = (await this.openSpace(space))?.pixelOf(address);
    if (!pixel) return null;
    this.map.flyToPixel(pixel, READING_SCALE, true);
    await this.map.settled();
    return this.map.clientOf(pixel);
  }

  private async start(): Promise<void> {
    const { atlases } = this.manifest;
    this.atlases.replaceChildren(
      ...atlases.map(({ name, space }) => new Option(atlases.length > 1 ? `${name}, ${space}` : name)),
    );
    this.atlases.hidden = atlases.length < 2;
    const [first] = atlases;
    if (!first) return;
    await this.openAtlas(first);
    await this.followHash(true);
    await this.map.settled();
  }

  private listen(): void {
    const { viewer } = this.map;
    const surface = viewer.canvas;
    surface.setAttribute('role', 'application');
    surface.setAttribute('aria-label', 'Map of the memory. Arrows pan, plus and minus zoom.');
    surface.addEventListener('pointermove', ({ clientX, clientY }) =>
      this.movePointer({ x: clientX, y: clientY }),
    );
    surface.addEventListener('pointerleave', ({ pointerType }) => {
      // A finger leaves with every tap, and what it tapped should stay readable.
      if (pointerType === 'mouse') this.movePointer(null);
    });
    viewer.addHandler('canvas-click', ({ quick, originalEvent }) => {
      if (quick && originalEvent instanceof MouseEvent) this.click(originalEvent);
    });
    viewer.addHandler('update-viewport', () => this.draw());
    viewer.addHandler('animation', () => this.showPointer());
    viewer.addHandler('animation-finish', () => this.writeHash());
    window.addEventListener('hashchange', () => this.followHash(false));
    this.atlases.addEventListener('change', () => {
      const atlas = this.manifest.atlases[this.atlases.selectedIndex];
      if (atlas) this.openAtlas(atlas);
    });
    this.listenToControls();
  }

  private listenToControls(): void {
    const text = element('goto-text', HTMLInputElement);
    const filter = element('filter', HTMLInputElement);
    const zoomIn = () => this.map.zoomBy(1.6);
    const zoomOut = () => this.map.zoomBy(1 / 1.6);
    const home = () => this.map.goHome();
    const showHelp = () => this.help.showModal();
    const press = (id: string, action: () => void) =>
      element(id, HTMLButtonElement).addEventListener('click', action);
    press('zoom-in', zoomIn);
    press('zoom-out', zoomOut);
    press('home', home);
    press('help-open', showHelp);
    press('help-close', () => this.help.close());
    press('regions-toggle', () => this.toggleRegions());
    element('goto', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.goTo(text.value);
    });
    text.addEventListener('input', () => this.say(''));
    listenToKeys({
      zoomIn,
      zoomOut,
      home,
      pan: (right, down) => this.map.panBy(right, down),
      goto: () => text.select(),
      filter: () => {
        this.toggleRegions(true);
        filter.select();
      },
      help: showHelp,
      leave: () => {
        this.say('');
        this.toggleRegions(false);
        this.map.viewer.canvas.focus();
      },
    });
  }

  /** Opens or closes the list of regions where it is a drawer. */
  private toggleRegions(open?: boolean): void {
    const opened = document.body.classList.toggle('regions-open', open);
    element('regions-toggle', HTMLButtonElement).setAttribute('aria-expanded', String(opened));
  }

  private async openAtlas(atlas: Atlas): Promise<AtlasIndex> {
    this.atlases.selectedIndex = this.manifest.atlases.indexOf(atlas);
    this.index = new AtlasIndex(atlas);
    await this.map.open(atlas);
    this.map.viewer.forceRedraw();
    return this.index;
  }

  /** The atlas of `space`: the one on the map if it fits, else the first that does. */
  private async openSpace(space: string): Promise<AtlasIndex | null> {
    if (this.index?.atlas.space === space) return this.index;
    const atlas = this.manifest.atlases.find((candidate) => candidate.space === space);
    return atlas ? this.openAtlas(atlas) : null;
  }

  private async goTo(text: string): Promise<void> {
    const space = this.index?.atlas.space ?? this.manifest.spaces[0] ?? '';
    const target = this.targets.find(text, space);
    if (target.what === 'unknown') this.say(target.message);
    else if (target.what === 'region') await this.goToRegion(target.region);
    else await this.goToAddress(target.space, target.address, READING_SCALE, false);
  }

  private async goToRegion(region: Region): Promise<void> {
    const placed = (await this.openSpace(region.space))?.placementOf(region);
    if (!placed) {
      this.say(
        region.picture
          ? `${region.name} is not in this atlas.`
          : `${region.name} is not in the dump: there is no picture of it.`,
      );
      return;
    }
    this.say('');
    this.selected = region;
    this.regions.reveal(region);
    this.toggleRegions(false);
    this.map.flyToRectangle({ ...placed, width: placed.shape.width, height: placed.shape.height });
    this.map.viewer.forceRedraw();
  }

  private async goToAddress(
    space: string,
    address: bigint,
    scale: number,
    immediately: boolean,
  ): Promise<void> {
    const pixel = (await this.openSpace(space))?.pixelOf(address);
    const region = this.targets.regionAt(space, address);
    if (!pixel) {
      this.say(
        region
          ? `${formatHex(address)} is in ${region.name}, but no picture shows it.`
          : this.targets.describeUnmapped(space, address),
      );
      return;
    }
    this.say('');
    this.mark(space, address);
    if (region) this.regions.reveal(region);
    this.map.flyToPixel(pixel, scale, immediately);
    this.writeHash();
  }

  private async followHash(immediately: boolean): Promise<void> {
    const link = parsePermalink(location.hash, this.manifest.spaces);
    if (link) {
      const { space, address, zoom } = link;
      await this.goToAddress(space, address, zoom ?? READING_SCALE, immediately);
    } else if (location.hash.length > 1) {
      this.say('The link’s address cannot be read: it should look like #virtual:0x7ffe1000.');
    }
  }

  /** The hash names the marked byte, or the one in the middle of the map where none is marked. */
  private writeHash(): void {
    const view = this.map.view();
    const target = this.marked ?? this.centreAddress();
    if (!view || !target) return;
    const zoom = view.scale / view.ratio;
    const reading = Math.abs(zoom - READING_SCALE) < READING_SCALE / 1000;
    writePermalink({ ...target, zoom: reading ? null : zoom });
  }

  private mark(space: string, address: bigint): void {
    this.marked = { space, address };
    this.selected = this.targets.regionAt(space, address);
    this.map.viewer.forceRedraw();
  }

  private click({ clientX, clientY }: MouseEvent): void {
    this.movePointer({ x: clientX, y: clientY });
    const place = this.placeAt(clientX, clientY);
    if (place?.what === 'memory') {
      this.mark(place.placed.space, place.address);
      this.regions.reveal(place.placed.region);
    } else {
      this.marked = null;
      this.selected = null;
      this.map.viewer.forceRedraw();
    }
    this.writeHash();
  }

  private movePointer(pointer: { x: number; y: number } | null): void {
    this.pointer = pointer;
    this.showPointer();
  }

  private showPointer(): void {
    const place = this.pointer && this.placeAt(this.pointer.x, this.pointer.y);
    const hovered = place?.what === 'memory' ? place.placed.region : null;
    if (place?.what === 'memory') this.status.showMemory(place, this.presence(place));
    else this.status.showOther(place ?? { what: 'nothing' });
    if (hovered !== this.hovered) {
      this.hovered = hovered;
      this.map.viewer.forceRedraw();
    }
  }

  private presence(memory: Place & { what: 'memory' }): Presence {
    const { picture } = memory.placed.region;
    return picture ? this.runs.presence(picture, memory.offset, memory.count) : 'hole';
  }

  private placeAt(clientX: number, clientY: number): Place | null {
    const pixel = this.map.pixelAt(clientX, clientY);
    return pixel && this.index ? this.index.placeAt(pixel.x, pixel.y) : null;
  }

  private centrePlacement(): { placed: PlacedRegion; address: bigint } | null {
    const box = this.map.viewer.canvas.getBoundingClientRect();
    const place = this.placeAt(box.left + box.width / 2, box.top + box.height / 2);
    return place?.what === 'memory' ? place : null;
  }

  private centreAddress(): { space: string; address: bigint } | null {
    const centre = this.centrePlacement();
    return centre && { space: centre.placed.space, address: centre.address };
  }

  private draw(): void {
    const view = this.map.view();
    if (!view || !this.index) return;
    this.backdrop.draw(this.index, view);
    drawOverlay(this.overlay, this.index, view, {
      hovered: this.hovered,
      selected: this.selected,
      marked:
        this.marked?.space === this.index.atlas.space
          ? this.index.pixelOf(this.marked.address)
          : null,
    });
    this.showView(view);
  }

  private showView(view: View): void {
    const centre = this.centrePlacement();
    const [first] = this.index?.atlas.placements ?? [];
    const shape = (centre?.placed ?? first)?.shape;
    if (shape) showScale(this.scale, scaleAt(view.scale / view.ratio, pixelBytes(shape)));
    const region = centre?.placed.region;
    const text = region ? `${region.name}  ${formatHex(region.start)}` : '';
    if (this.breadcrumb.textContent !== text) this.breadcrumb.textContent = text;
  }

  private say(sentence: string): void {
    this.message.textContent = sentence;
    this.message.hidden = sentence === '';
  }
}

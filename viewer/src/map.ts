/** The map: OpenSeadragon set up so that every painted pixel is exactly the byte it stands for. */

import OpenSeadragon from 'openseadragon';
import type { Pixel } from './layout';
import type { Atlas, AtlasLens, Rectangle } from './manifest';
import { loadUnwritten, tileFile } from './unwritten';
import type { View } from './view';

/** CSS pixels across one byte at the deepest zoom. */
const DEEPEST_SCALE = 64;
/** CSS pixels across one byte where a single address is shown: a byte and its neighbourhood. */
export const READING_SCALE = 16;

/** CSS pixels that a view as a whole leaves free: for the panels at the lower edge, and above. */
const PANELS_HEIGHT = 112;
const AIR_ABOVE = 12;

/** Milliseconds after which a lens is shown as far as it is there. */
const LONGEST_WAIT = 2000;

const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

/**
 * The largest whole CSS length up to `length` that is a whole number of device pixels.
 *
 * Browsers hold the ratio in single precision: at 110 % it is 1.100000023841858.
 */
function wholeDevicePixels(length: number): number {
  for (let whole = Math.floor(length); whole > length - 64 && whole > 0; whole -= 1) {
    const device = whole * devicePixelRatio;
    if (Math.abs(device - Math.round(device)) < 1e-3) return whole;
  }
  return Math.floor(length);
}

export class AtlasMap {
  readonly viewer: OpenSeadragon.Viewer;
  private atlas: Atlas | null = null;
  /** The lens that is wanted, and the one whose tiles are seen. */
  private lens: AtlasLens | null = null;
  private shown: AtlasLens | null = null;
  /** One image for each lens that was looked through; all but one are hidden, and load nothing. */
  private readonly images = new Map<AtlasLens, OpenSeadragon.TiledImage>();
  private showing: Promise<void> = Promise.resolve();
  private smooth = false;

  /** The map fills `frame`; `box` inside it holds `host`, which OpenSeadragon makes its own. */
  constructor(
    private readonly frame: HTMLElement,
    private readonly box: HTMLElement,
    private readonly host: HTMLElement,
  ) {
    this.fitFrame();
    this.viewer = OpenSeadragon({
      element: host,
      drawer: 'canvas',
      imageSmoothingEnabled: false,
      // Edge smoothing composites tiles at another scale, which moves bytes by a pixel.
      smoothTileEdgesMinZoom: Number.POSITIVE_INFINITY,
      showNavigationControl: false,
      animationTime: reducedMotion.matches ? 0 : 0.8,
      springStiffness: 8,
      maxZoomPixelRatio: DEEPEST_SCALE,
      minZoomImageRatio: 0.7,
      visibilityRatio: 0.2,
      zoomPerScroll: 1.3,
      gestureSettingsMouse: { clickToZoom: false },
      gestureSettingsTouch: { flickEnabled: !reducedMotion.matches },
      gestureSettingsPen: { clickToZoom: false },
      maxImageCacheCount: 400,
    });
    // By default the canvas drawer stretches tiles without overlap by a pixel to hide seams; then
    // most pixels at 1:1 are not the byte that the address under the pointer says they are.
    Object.assign(this.viewer.drawer, { minimumOverlapRequired: () => false });
    // The keys are ours (keyboard.ts); OpenSeadragon's own r and f would rotate and flip the memory.
    this.viewer.addHandler('canvas-key', (event) => {
      event.preventDefaultAction = true;
    });
    this.viewer.addHandler('viewport-change', () => this.chooseSmoothing());
    new ResizeObserver(() => this.fitFrame()).observe(frame);
  }

  /** Shows `atlas` as a whole; resolves when its pyramid can be flown over. */
  async open(atlas: Atlas, lens: AtlasLens): Promise<void> {
    this.atlas = atlas;
    this.lens = lens;
    this.shown = lens;
    this.images.clear();
    const tileSource = await tileSourceOf(lens);
    await new Promise((resolve) => {
      this.viewer.addOnceHandler('open', resolve);
      this.viewer.open({ tileSource });
    });
    const image = this.viewer.world.getItemAt(0);
    if (image) this.images.set(lens, image);
    this.chooseSmoothing();
    this.goHome(true);
  }

  /**
   * Looks through another lens of the atlas. The view stays as it is, and what was seen stays until
   * all tiles of the new lens are there that it needs.
   */
  show(lens: AtlasLens): Promise<void> {
    this.lens = lens;
    this.showing = this.bringUp(lens);
    return this.showing;
  }

  private async bringUp(lens: AtlasLens): Promise<void> {
    const { atlas } = this;
    const image = this.images.get(lens) ?? (await this.addImage(lens));
    if (this.atlas !== atlas || this.lens !== lens) return;
    image.setPreload(true);
    // While it was hidden, it did not notice what it lacks for the view of now.
    image.update(true);
    this.viewer.forceRedraw();
    await Promise.race([fullyLoaded(image), pause(LONGEST_WAIT)]);
    if (this.atlas !== atlas || this.lens !== lens) return;
    for (const other of this.images.values()) {
      other.setPreload(false);
      other.setOpacity(other === image ? 1 : 0);
    }
    this.shown = lens;
    this.chooseSmoothing();
    this.viewer.forceRedraw();
  }

  private async addImage(lens: AtlasLens): Promise<OpenSeadragon.TiledImage> {
    const { atlas } = this;
    const tileSource = await tileSourceOf(lens);
    const image = await new Promise<OpenSeadragon.TiledImage>((resolve, reject) => {
      this.viewer.addTiledImage({
        tileSource,
        opacity: 0,
        preload: true,
        success: (event) => resolve(Reflect.get(event, 'item')),
        error: reject,
      });
    });
    const twin = this.images.get(lens);
    if (twin || this.atlas !== atlas) {
      this.viewer.world.removeItem(image);
      return twin ?? image;
    }
    this.images.set(lens, image);
    return image;
  }

  /** How the atlas lies in the window right now, in the middle of an animation too. */
  view(): View | null {
    const image = this.viewer.world.getItemAt(0);
    if (!image || !this.atlas) return null;
    const ratio = Math.max(1, devicePixelRatio);
    const bounds = this.viewer.viewport.getBoundsNoRotate(true);
    const size = this.viewer.viewport.getContainerSize();
    const scale = (size.x * ratio) / (bounds.width * this.atlas.width);
    return {
      scale,
      ratio,
      left: -bounds.x * this.atlas.width * scale,
      top: -bounds.y * this.atlas.width * scale,
      width: Math.round(size.x * ratio),
      height: Math.round(size.y * ratio),
    };
  }

  /** CSS pixels across one atlas pixel. */
  scale(): number {
    const view = this.view();
    return view ? view.scale / view.ratio : 0;
  }

  /** The atlas pixel under a point of the window; null outside the map. */
  pixelAt(clientX: number, clientY: number): Pixel | null {
    const image = this.viewer.world.getItemAt(0);
    const box = this.host.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    if (!image || x < 0 || y < 0 || x >= box.width || y >= box.height) return null;
    const point = image.viewerElementToImageCoordinates(new OpenSeadragon.Point(x, y));
    return { x: Math.floor(point.x), y: Math.floor(point.y) };
  }

  /** The point of the window where the centre of an atlas pixel is. */
  clientOf({ x, y }: Pixel): { x: number; y: number } | null {
    const image = this.viewer.world.getItemAt(0);
    if (!image) return null;
    const box = this.host.getBoundingClientRect();
    const point = image.imageToViewportCoordinates(new OpenSeadragon.Point(x + 0.5, y + 0.5), true);
    const pixel = this.viewer.viewport.pixelFromPoint(point, true);
    return { x: box.left + pixel.x, y: box.top + pixel.y };
  }

  /** Flies to where the rectangle is seen as a whole, clear of the panels at the lower edge. */
  flyToRectangle({ x, y, width, height }: Rectangle, immediately = false): void {
    const size = this.viewer.viewport.getContainerSize();
    const fitting = Math.min((size.x * 0.94) / width, (size.y - PANELS_HEIGHT) / height);
    const scale = Math.min(fitting, READING_SCALE);
    const shift = (PANELS_HEIGHT / 2 - AIR_ABOVE) / scale;
    this.centre(x + width / 2, y + height / 2 + shift, scale, immediately);
  }

  /** Flies to one pixel, drawn `scale` CSS pixels wide. */
  flyToPixel({ x, y }: Pixel, scale: number, immediately = false): void {
    this.centre(x + 0.5, y + 0.5, Math.min(scale, DEEPEST_SCALE), immediately);
  }

  zoomBy(factor: number): void {
    this.viewer.viewport.zoomBy(factor);
    this.viewer.viewport.applyConstraints();
  }

  /** Moves by parts of the window: (1, 0) is one whole window to the right. */
  panBy(right: number, down: number): void {
    const { width, height } = this.viewer.viewport.getBounds();
    this.viewer.viewport.panBy(new OpenSeadragon.Point(right * width, down * height));
    this.viewer.viewport.applyConstraints();
  }

  /** Flies to the whole atlas. */
  goHome(immediately = false): void {
    if (!this.atlas) return;
    const { width, height } = this.atlas;
    this.flyToRectangle({ x: 0, y: 0, width, height }, immediately);
  }

  /** Resolves when the view has stopped flying and everything in it is loaded and painted. */
  async settled(): Promise<void> {
    const { viewport } = this.viewer;
    do {
      await twoFrames();
    } while (!viewport.getBounds(true).equals(viewport.getBounds(false)));
    await this.showing;
    const image = this.shown && this.images.get(this.shown);
    if (image) await fullyLoaded(image);
    await twoFrames();
  }

  private centre(x: number, y: number, scale: number, immediately: boolean): void {
    if (!this.atlas) return;
    const { viewport } = this.viewer;
    const size = viewport.getContainerSize();
    const unit = this.atlas.width;
    const [width, height] = [size.x / scale / unit, size.y / scale / unit];
    const bounds = new OpenSeadragon.Rect(
      x / unit - width / 2,
      y / unit - height / 2,
      width,
      height,
    );
    viewport.fitBounds(bounds, immediately || reducedMotion.matches);
  }

  /**
   * From 1:1 on every byte keeps hard edges. Below, where no pixel is a single byte any more, leaving
   * out every other one would draw stripes and moiré that the memory does not have. Other lenses than
   * those of means are never smoothed: a mixture of two colours of a legend is a third one of it.
   */
  private chooseSmoothing(): void {
    const mean = this.shown?.lens.zoom !== 'highest' && this.shown?.lens.zoom !== 'foremost';
    const smooth = mean && (this.view()?.scale ?? 1) < 1 - 1e-6;
    if (smooth === this.smooth) return;
    this.smooth = smooth;
    this.viewer.drawer.setImageSmoothingEnabled(smooth);
  }

  private fitFrame(): void {
    this.box.style.width = `${wholeDevicePixels(this.frame.clientWidth)}px`;
    this.box.style.height = `${wholeDevicePixels(this.frame.clientHeight)}px`;
  }
}

/** Inline, because a page from file:// may not read the .dzi itself. */
async function tileSourceOf({ path, pyramid }: AtlasLens) {
  const unwritten = await loadUnwritten(path, pyramid);
  return {
    width: pyramid.width,
    height: pyramid.height,
    tileSize: pyramid.tileSize,
    tileOverlap: pyramid.overlap,
    minLevel: 0,
    maxLevel: pyramid.levels - 1,
    getTileUrl: (level: number, x: number, y: number) =>
      `${path}/${tileFile(pyramid, unwritten, level, x, y)}`,
  };
}

/** Resolves when the image has all that the view needs of it. */
function fullyLoaded(image: OpenSeadragon.TiledImage): Promise<void> {
  if (image.getFullyLoaded()) return Promise.resolve();
  return new Promise((resolve) => {
    const listen = ({ fullyLoaded }: { fullyLoaded: boolean }) => {
      if (!fullyLoaded) return;
      image.removeHandler('fully-loaded-change', listen);
      resolve();
    };
    image.addHandler('fully-loaded-change', listen);
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A first frame in which OpenSeadragon notices what has changed, and a second that shows it. */
function twoFrames(): Promise<void> {
  return new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => resolve())),
  );
}

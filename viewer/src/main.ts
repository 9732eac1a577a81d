/** Starts the page: reads the manifest, and shows it or says why not. */

import './style.css';
import { listenToControls } from './controls';
import { element } from './elements';
import { Explorer } from './explorer';
import { ManifestError } from './field';
import { type Manifest, parseManifest } from './manifest';
import { showPrints } from './prints';

/** Shows `sentence` in place of the map. */
function refuse(sentence: string): void {
  const problem = element('problem', HTMLElement);
  problem.textContent = sentence;
  problem.hidden = false;
  document.body.classList.add('refused');
}

function readManifest(): Manifest | null {
  try {
    return parseManifest(Reflect.get(globalThis, 'memtilesManifest'));
  } catch (error) {
    const damaged = error instanceof Error ? error.message : String(error);
    refuse(error instanceof ManifestError ? damaged : `The manifest is damaged: ${damaged}.`);
    return null;
  }
}

function start(): void {
  const manifest = readManifest();
  if (!manifest) return;
  document.title = `${manifest.title} · memtiles`;
  element('title', HTMLElement).textContent = manifest.title;
  showPrints(element('prints', HTMLDetailsElement), manifest.strips);
  const explorer = new Explorer(manifest);
  listenToControls(explorer);
  if (manifest.atlases.length === 0) {
    refuse(
      manifest.regions.length === 0
        ? 'This dump has no regions: there is nothing to draw.'
        : 'None of the regions of this dump was drawn: the folder has no atlas.',
    );
  }
  /**
   * The only name that this page adds to the window besides those of the data files
   * (`memtilesManifest`, `memtilesRuns`, `memtilesUnwritten`):
   *
   * - `ready`: a promise, resolved when the first view is loaded and painted.
   * - `settled()`: a promise, resolved when the view stands still, loaded and painted.
   * - `locate(clientX, clientY)`: what lies under a point of the window, as
   *   `{state, address, region, offset, count}` with texts as in `#status`, or null outside the map.
   * - `screen(space, address)`: flies at once to the byte at the hexadecimal address; a promise of
   *   `{x, y}`, the centre of its pixel in the window, once it is painted; null if it has no pixel.
   * - `viewer`: the OpenSeadragon viewer.
   */
  const memtiles = {
    ready: explorer.ready,
    settled: () => explorer.map.settled(),
    locate: (clientX: number, clientY: number) =>
      explorer.pointer.locate({ x: clientX, y: clientY }),
    screen: (space: string, address: string) => explorer.screen(space, BigInt(address)),
    viewer: explorer.map.viewer,
  };
  Object.assign(globalThis, { memtiles });
}

start();

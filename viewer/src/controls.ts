/** The controls: buttons, fields and keys, and what they ask the explorer for. */

import { element } from './elements';
import type { Explorer } from './explorer';
import { listenToKeys } from './keyboard';
import { toggleRegions } from './regions_list';

const ZOOM_STEP = 1.6;

export function listenToControls(explorer: Explorer): void {
  const { map } = explorer;
  const text = element('goto-text', HTMLInputElement);
  const filter = element('filter', HTMLInputElement);
  const help = element('help', HTMLDialogElement);
  const atlases = element('atlas', HTMLSelectElement);

  const zoomIn = () => map.zoomBy(ZOOM_STEP);
  const zoomOut = () => map.zoomBy(1 / ZOOM_STEP);
  const home = () => map.goHome();
  const showHelp = () => help.showModal();
  const press = (id: string, action: () => void) =>
    element(id, HTMLButtonElement).addEventListener('click', action);

  press('zoom-in', zoomIn);
  press('zoom-out', zoomOut);
  press('home', home);
  press('help-open', showHelp);
  press('help-close', () => help.close());
  press('regions-toggle', () => toggleRegions());
  atlases.addEventListener('change', () => explorer.openAtlasAt(atlases.selectedIndex));
  element('goto', HTMLFormElement).addEventListener('submit', async (event) => {
    event.preventDefault();
    // From here the arrows pan, and a phone's keyboard gives the map its room back.
    if (await explorer.goTo(text.value)) map.viewer.canvas.focus();
  });
  text.addEventListener('input', () => explorer.say(''));
  listenToKeys({
    zoomIn,
    zoomOut,
    home,
    pan: (right, down) => map.panBy(right, down),
    goto: () => {
      text.focus();
      text.select();
    },
    filter: () => {
      toggleRegions(true);
      filter.focus();
      filter.select();
    },
    lens: (step) => explorer.looks.cycleLens(step),
    tint: (step) => explorer.looks.cycleTint(step),
    follow: () => explorer.follow.go(),
    help: showHelp,
    leave: () => {
      explorer.say('');
      toggleRegions(false);
      map.viewer.canvas.focus();
    },
  });
}

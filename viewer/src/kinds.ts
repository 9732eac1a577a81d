/** The kinds of region and their colours, which stay apart for colour-blind eyes. */

import { KINDS, type Kind } from './manifest';

export const KIND_COLOURS: Record<Kind, string> = {
  module: '#56b4e9',
  heap: '#e69f00',
  stack: '#2ec99b',
  file: '#f0e442',
  anonymous: '#b9b4d6',
  kernel: '#ff7f50',
  range: '#e78ac3',
};

/** Fills the legend with the kinds that `present` names, in the order of the contract. */
export function fillLegend(list: HTMLElement, present: ReadonlySet<Kind>): void {
  const items = KINDS.filter((kind) => present.has(kind)).map((kind) => {
    const item = document.createElement('li');
    item.textContent = kind;
    item.style.setProperty('--kind', KIND_COLOURS[kind]);
    return item;
  });
  const hole = document.createElement('li');
  hole.className = 'hole';
  hole.textContent = 'hole';
  list.replaceChildren(...items, hole);
}

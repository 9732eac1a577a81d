/** The kinds of region and their colours, which stay apart for colour-blind eyes. */

import type { Kind } from './manifest';

export const KIND_COLOURS: Record<Kind, string> = {
  module: '#56b4e9',
  heap: '#e69f00',
  stack: '#2ec99b',
  file: '#f0e442',
  anonymous: '#b9b4d6',
  kernel: '#ff7f50',
  range: '#e78ac3',
};

/** What an address is called by the module around it, as debuggers do: `hal.dll!.text+0x12`. */

import type { Region, Section } from './manifest';

export interface Relative {
  /** The module's name; the region's where no module is known. */
  readonly base: string;
  /** From the start of the module or region. */
  readonly offset: bigint;
  /** The piece of the module that holds the address. */
  readonly section: Section | null;
}

export function relativeTo(region: Region, address: bigint): Relative {
  const { module } = region;
  if (!module) return { base: region.name, offset: address - region.start, section: null };
  return {
    base: module.name,
    offset: address - module.start,
    section: module.sections.holding(address),
  };
}

/** Addresses as text: what people type and paste, and how the page writes them. */

const LAST_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** An address in a named address space, written `virtual:0x7f12a0003c10`. */
export interface SpaceAddress {
  readonly space: string;
  readonly address: bigint;
}

/**
 * Reads `0x7f12`, bare hex `7f12`, and WinDbg's ``fffff800`00800000``; null for anything else.
 *
 * A backtick must stand before exactly eight digits, as WinDbg prints it: elsewhere it is a slip of
 * a paste, and half an address would be read in silence.
 */
export function parseAddress(text: string): bigint | null {
  const match = /^(?:0x)?([0-9a-f]+)(?:`([0-9a-f]{8}))?$/i.exec(text.trim());
  if (!match) return null;
  const address = BigInt(`0x${match[1]}${match[2] ?? ''}`);
  return address <= LAST_ADDRESS ? address : null;
}

/** Reads `space:ADDRESS`, where the space is one of `spaces`; null for anything else. */
export function parseSpaceAddress(text: string, spaces: readonly string[]): SpaceAddress | null {
  const colon = text.indexOf(':');
  const space = text.slice(0, colon).trim();
  if (colon < 0 || !spaces.includes(space)) return null;
  const address = parseAddress(text.slice(colon + 1));
  return address === null ? null : { space, address };
}

export function formatHex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** An address padded to the dump's width, so that digits keep their columns while the pointer moves. */
export function formatAddress(address: bigint, addressBits: 32 | 64): string {
  return `0x${address.toString(16).padStart(addressBits / 4, '0')}`;
}

export function formatSpaceAddress({ space, address }: SpaceAddress): string {
  return `${space}:${formatHex(address)}`;
}

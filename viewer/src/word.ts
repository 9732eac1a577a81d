/** The word under the pointer, and where it points. */

import type { SpaceAddress } from './address';
import type { Memory } from './atlas';
import type { ByteSource } from './byte_source';
import type { ByteOrder, Dump, Region } from './manifest';
import { PictureBytes } from './picture_bytes';
import type { Presence } from './runs';

/** Milliseconds that the pointer must rest on a word before its bytes are asked for. */
const REST = 60;

/** An aligned word of a region. */
export interface Word {
  readonly region: Region;
  readonly offset: bigint;
  readonly bytes: 4 | 8;
}

/** The aligned word that holds the first byte of `memory`; null where the region has not all of it. */
export function wordOf({ placed, address }: Memory, addressBits: 32 | 64): Word | null {
  const { region } = placed;
  const bytes = addressBits === 64 ? 8 : 4;
  const size = BigInt(bytes);
  const offset = address - (address % size) - region.start;
  return offset >= 0n && offset + size <= region.size ? { region, offset, bytes } : null;
}

/** The value of a word. */
export function numberOf(bytes: Uint8Array, order: ByteOrder): bigint {
  const add = (value: bigint, byte: number) => (value << 8n) | BigInt(byte);
  return order === 'little' ? bytes.reduceRight(add, 0n) : bytes.reduce(add, 0n);
}

/** Reads the word that it is told to look at, one at a time. */
export class WordReader {
  private readonly bytes: PictureBytes;
  private word: Word | null = null;
  private waiting = 0;
  private request = new AbortController();

  /** `onTarget` is told what the word holds, as an address; null while that is not known. */
  constructor(
    private readonly dump: Dump,
    source: ByteSource,
    private readonly presence: (memory: Memory, offset: bigint, count: number) => Presence,
    private readonly onTarget: (target: SpaceAddress | null) => void,
  ) {
    this.bytes = new PictureBytes(source);
  }

  look(memory: Memory | null): void {
    const word = memory && wordOf(memory, this.dump.addressBits);
    const there =
      memory && word && this.presence(memory, word.offset, word.bytes) === 'present' ? word : null;
    if (there?.region === this.word?.region && there?.offset === this.word?.offset) return;
    this.word = there;
    clearTimeout(this.waiting);
    this.request.abort();
    const picture = there?.region.picture;
    if (!there || !picture) {
      this.onTarget(null);
      return;
    }
    const known = this.bytes.cached(picture, there.offset, there.bytes);
    this.onTarget(known && this.targetOf(there, known));
    if (!known) this.waiting = window.setTimeout(() => this.read(there), REST);
  }

  private async read(word: Word): Promise<void> {
    const { picture } = word.region;
    if (!picture) return;
    this.request = new AbortController();
    const { signal } = this.request;
    try {
      const bytes = await this.bytes.read(picture, word.offset, word.bytes, signal);
      if (bytes && this.word === word) this.onTarget(this.targetOf(word, bytes));
    } catch {
      // Left behind by the pointer, or the server is gone: there is nothing to tell.
    }
  }

  private targetOf({ region: { space } }: Word, bytes: Uint8Array): SpaceAddress {
    return { space, address: numberOf(bytes, this.dump.byteOrder) };
  }
}

/** Run lists: which bytes of a picture the dump holds. Loaded by script tag when first asked for. */

import type { Picture } from './manifest';
import { loadScript } from './scripts';

/** The present pieces of one folder's raster, sorted and disjoint. */
export class RunList {
  private readonly starts: BigUint64Array;
  private readonly ends: BigUint64Array;

  constructor(runs: readonly (readonly [string, string])[]) {
    this.starts = BigUint64Array.from(runs, ([offset]) => BigInt(offset));
    this.ends = BigUint64Array.from(runs, ([offset, size]) => BigInt(offset) + BigInt(size));
  }

  /** Whether all `count` bytes from `offset` are present. */
  holds(offset: bigint, count: number): boolean {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] as bigint) <= offset) low = middle + 1;
      else high = middle;
    }
    const end = this.ends[low - 1];
    return end !== undefined && offset + BigInt(count) <= end;
  }

  /** What is missing of the `size` bytes from `first`, as pairs of offsets from there. */
  *holes(first: bigint, size: bigint): Generator<readonly [bigint, bigint]> {
    const last = first + size;
    let at = first;
    for (let index = this.firstBehind(first); index < this.starts.length; index += 1) {
      const start = this.starts[index] as bigint;
      if (start >= last) break;
      if (start > at) yield [at - first, start - first];
      at = this.ends[index] as bigint;
    }
    if (at < last) yield [at - first, size];
  }

  /** The index of the first piece that ends behind `offset`. */
  private firstBehind(offset: bigint): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] as bigint) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export type Presence = 'present' | 'hole' | 'unknown' | 'unreadable';

interface RunsDocument {
  readonly version: number;
  readonly runs: readonly (readonly [string, string])[];
}

const LOADED_AT_ONCE = 8;

/** The run lists loaded so far. `onLoad` is called when an unknown presence may have become known. */
export class RunLists {
  private readonly lists = new Map<string, RunList | 'loading' | 'unreadable'>();
  private loading = 0;

  constructor(private readonly onLoad: () => void) {
    // A run list comes as a call of this function: scripts are all that a page may load from file://.
    Object.assign(globalThis, {
      memtilesRuns: (path: string, document: RunsDocument) => {
        this.lists.set(path, document.version === 1 ? new RunList(document.runs) : 'unreadable');
      },
    });
  }

  presence(picture: Picture, offset: bigint, count: number): Presence {
    if (picture.runsScript === null) return 'present';
    const list = this.lists.get(picture.path);
    if (list instanceof RunList)
      return list.holds(picture.first + offset, count) ? 'present' : 'hole';
    if (list === 'unreadable') return 'unreadable';
    if (list === undefined) this.load(picture.path, picture.runsScript);
    return 'unknown';
  }

  /**
   * The list of the folder of a picture that has holes; null while it is not there. A few are loaded
   * at a time: of a map of thousands of regions nobody may ever ask for the rest.
   */
  listOf(picture: Picture): RunList | null {
    const list = this.lists.get(picture.path);
    if (list instanceof RunList) return list;
    if (list === undefined && picture.runsScript !== null && this.loading < LOADED_AT_ONCE) {
      this.load(picture.path, picture.runsScript);
    }
    return null;
  }

  private async load(path: string, file: string): Promise<void> {
    this.lists.set(path, 'loading');
    this.loading += 1;
    await loadScript(`${path}/${file}`);
    this.loading -= 1;
    if (this.lists.get(path) === 'loading') this.lists.set(path, 'unreadable');
    this.onLoad();
  }
}

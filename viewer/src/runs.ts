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
}

export type Presence = 'present' | 'hole' | 'unknown' | 'unreadable';

interface RunsDocument {
  readonly version: number;
  readonly runs: readonly (readonly [string, string])[];
}

/** The run lists loaded so far. `onLoad` is called when an unknown presence may have become known. */
export class RunLists {
  private readonly lists = new Map<string, RunList | 'loading' | 'unreadable'>();

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

  private async load(path: string, file: string): Promise<void> {
    this.lists.set(path, 'loading');
    await loadScript(`${path}/${file}`);
    if (this.lists.get(path) === 'loading') this.lists.set(path, 'unreadable');
    this.onLoad();
  }
}

/** Which of many half-open spans hold an address. Spans may overlap: a user's range lies over modules. */

export interface Span {
  readonly start: bigint;
  readonly size: bigint;
}

/** Spans sorted by start, searched in O(log n) where they do not overlap. */
export class SpanIndex<T extends Span> {
  readonly sorted: readonly T[];
  /** The highest end among the spans up to each index: where to stop looking back. */
  private readonly reach: readonly bigint[];

  constructor(spans: readonly T[]) {
    this.sorted = [...spans].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    let highest = 0n;
    this.reach = this.sorted.map((span) => {
      const end = span.start + span.size;
      if (end > highest) highest = end;
      return highest;
    });
  }

  /** The span that holds `address`; of several, the one that starts last. */
  holding(address: bigint): T | null {
    for (let at = this.countUpTo(address) - 1; at >= 0; at -= 1) {
      if ((this.reach[at] as bigint) <= address) return null;
      const span = this.sorted[at] as T;
      if (address < span.start + span.size) return span;
    }
    return null;
  }

  /** The nearest span that starts at or below `address`. */
  below(address: bigint): T | null {
    return this.sorted[this.countUpTo(address) - 1] ?? null;
  }

  /** The nearest span that starts above `address`. */
  above(address: bigint): T | null {
    return this.sorted[this.countUpTo(address)] ?? null;
  }

  private countUpTo(address: bigint): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.sorted[middle] as T).start <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

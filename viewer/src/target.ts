/** What a reader means by a text in the go-to box. */

import { formatHex, parseAddress, parseSpaceAddress } from './address';
import { formatBytes } from './bytes';
import type { Manifest, Module, Region } from './manifest';
import { isolated } from './names';
import { SpanIndex } from './spans';

export type Target =
  | { readonly what: 'address'; readonly space: string; readonly address: bigint }
  | { readonly what: 'region'; readonly region: Region }
  | { readonly what: 'unknown'; readonly message: string };

const HELP = 'Try 0x7ffe1000, ntdll+0x1000, ntdll!.text+0x10, or a name.';

/** Addresses with a name, from which offsets are counted. */
interface Place {
  readonly name: string;
  readonly space: string;
  readonly start: bigint;
  readonly size: bigint;
}

/** Finds addresses and names in one manifest. */
export class TargetFinder {
  private readonly spans = new Map<string, SpanIndex<Region>>();

  constructor(private readonly manifest: Manifest) {
    for (const space of manifest.spaces) {
      this.spans.set(
        space,
        new SpanIndex(manifest.regions.filter((region) => region.space === space)),
      );
    }
  }

  /** Names go before bare hex: a module called `add` is asked for more often than address 0xadd. */
  find(text: string, currentSpace: string): Target {
    const wanted = text.trim();
    if (!wanted) return { what: 'unknown', message: HELP };
    const explicit = parseSpaceAddress(wanted, this.manifest.spaces);
    if (explicit) return { what: 'address', ...explicit };
    const region = this.regionCalled(wanted);
    if (region) return { what: 'region', region };
    const module = this.moduleCalled(wanted);
    if (module) return { what: 'address', space: module.space, address: module.start };
    const section = this.sectionCalled(wanted);
    if (section) return { what: 'address', space: section.space, address: section.start };
    const relative = this.relative(wanted);
    if (relative) return relative;
    const address = parseAddress(wanted);
    if (address !== null) return { what: 'address', space: currentSpace, address };
    const partial = this.manifest.regions.find(({ name }) =>
      name.toLowerCase().includes(wanted.toLowerCase()),
    );
    if (partial) return { what: 'region', region: partial };
    return { what: 'unknown', message: `Nothing here is called “${wanted}”. ${HELP}` };
  }

  /** The region that holds the address. */
  regionAt(space: string, address: bigint): Region | null {
    return this.spans.get(space)?.holding(address) ?? null;
  }

  /** Says where an address outside every region lies: between which two. */
  describeUnmapped(space: string, address: bigint): string {
    const below = this.spans.get(space)?.below(address);
    const above = this.spans.get(space)?.above(address);
    const sentences = [`${formatHex(address)} is in no region.`];
    if (below) {
      const distance = address - (below.start + below.size);
      const where = distance === 0n ? 'right below it' : `${formatBytes(distance)} below`;
      sentences.push(`${isolated(below.name)} ends ${where}.`);
    }
    if (above) {
      sentences.push(`${isolated(above.name)} starts ${formatBytes(above.start - address)} above.`);
    }
    return sentences.join(' ');
  }

  /** `module+0x10`, `module!section+0x10`; the last plus counts, because names hold some too (`libstdc++.so.6`). */
  private relative(wanted: string): Target | null {
    const plus = wanted.lastIndexOf('+');
    const offset = plus > 0 ? parseAddress(wanted.slice(plus + 1)) : null;
    if (offset === null) return null;
    const name = wanted.slice(0, plus).trim();
    const base: Place | undefined =
      this.moduleCalled(name) ?? this.regionCalled(name) ?? this.sectionCalled(name);
    if (!base) return null;
    if (offset >= base.size) {
      const end = formatHex(base.size);
      return { what: 'unknown', message: `${isolated(base.name)} ends at +${end}.` };
    }
    return { what: 'address', space: base.space, address: base.start + offset };
  }

  private regionCalled(name: string): Region | undefined {
    const wanted = name.toLowerCase();
    return this.manifest.regions.find((region) => region.name.toLowerCase() === wanted);
  }

  private moduleCalled(name: string): Module | undefined {
    return this.modulesCalled(name)[0];
  }

  /** Those of the very name; else those that a debugger calls so: ntdll for ntdll.dll, libc for libc.so.6. */
  private modulesCalled(name: string): readonly Module[] {
    const wanted = name.toLowerCase();
    const { modules } = this.manifest;
    const stem = (module: Module) => module.name.toLowerCase().replace(/\.(so(\..*)?|[^.]*)$/, '');
    const exact = modules.filter((module) => module.name.toLowerCase() === wanted);
    return exact.length > 0 ? exact : modules.filter((module) => stem(module) === wanted);
  }

  /** `module!section`: of several modules of one name, the first that has such a section. */
  private sectionCalled(text: string): Place | undefined {
    const [, name = '', wanted = ''] = /^(.*)!(.+)$/s.exec(text.toLowerCase()) ?? [];
    for (const module of this.modulesCalled(name.trim())) {
      const section = module.sections.sorted.find(
        (candidate) => candidate.name.toLowerCase() === wanted.trim(),
      );
      if (section) {
        return { ...section, name: `${module.name}!${section.name}`, space: module.space };
      }
    }
    return undefined;
  }
}

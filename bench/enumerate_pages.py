"""All pages that the page tables of a crash dump map, by memtiles or by volatility3.

Prints how many bytes are mapped and in the file, so that the two can be held against each other,
and how many seconds that took once all libraries were loaded.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def by_memtiles(path: str) -> tuple[int, float]:
    from memtiles.memory.formats import open_dump
    from memtiles.memory.span import Span

    start = time.perf_counter()
    with open_dump(path) as dump:
        spans = [mapping.span for mapping in dump.mappings]
        everything = Span.between(spans[0].start, spans[-1].end)
        return dump.spaces[0].runs(everything).total, time.perf_counter() - start


def by_volatility(path: str) -> tuple[int, float]:
    from volatility3.framework import contexts
    from volatility3.framework.layers import crash, intel, physical

    start = time.perf_counter()
    context = contexts.Context()
    context.config["file.location"] = Path(path).resolve().as_uri()
    context.layers.add_layer(physical.FileLayer(context, "file", "file"))
    context.config["crash.base_layer"] = "file"
    dump = crash.WindowsCrashDump64Layer(context, "crash", "crash")
    context.layers.add_layer(dump)
    context.config["virtual.memory_layer"] = "crash"
    root = int(dump.get_header().DirectoryTableBase) & ~0xFFF
    context.config["virtual.page_map_offset"] = root
    context.config["virtual.kernel_banner"] = ""
    layer = intel.WindowsIntel32e(context, "virtual", "virtual")
    context.layers.add_layer(layer)
    found = layer.mapping(layer.minimum_address, layer.maximum_address, ignore_errors=True)
    return sum(size for _, size, _, _, _ in found), time.perf_counter() - start


if __name__ == "__main__":
    tool = {"memtiles": by_memtiles, "volatility3": by_volatility}[sys.argv[1]]
    mapped, seconds = tool(sys.argv[2])
    print(json.dumps({"bytes": mapped, "seconds": seconds}))

"""All runs of a dump, read block by block; prints how many bytes, and the seconds it took."""

from __future__ import annotations

import json
import sys
import time

from memtiles.memory.formats import open_dump
from memtiles.memory.span import ADDRESS_LIMIT, Span

BLOCK = 4 << 20

with open_dump(sys.argv[1]) as dump:
    space = dump.spaces[0]
    start = time.perf_counter()
    read = 0
    for first, size in space.runs(Span(0, ADDRESS_LIMIT)):
        for offset in range(0, size, BLOCK):
            block = Span(first + offset, min(BLOCK, size - offset))
            read += len(space.read(block).data)
    seconds = time.perf_counter() - start
print(json.dumps({"bytes": read, "seconds": seconds}))

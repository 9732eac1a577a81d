"""The ModuleList of a minidump."""

from __future__ import annotations

import numpy as np

from memtiles.memory.dump import Module
from memtiles.memory.minidump.streams import Streams, StreamType
from memtiles.memory.minidump.system import System
from memtiles.memory.process.listed_modules import MODULES_LIMIT, ListedModule, modules_in_order

# MINIDUMP_MODULE; of the 84 bytes behind, version and debug records, nothing is needed.
_MODULE = np.dtype([
    ("base", "<u8"), ("size", "<u4"), ("checksum", "<u4"), ("time", "<u4"), ("name", "<u4"),
    ("rest", "V84"),
])  # fmt: skip


def minidump_modules(streams: Streams, system: System) -> tuple[Module, ...]:
    """The modules in address order. Those unloaded again are in a list of their own: not in memory.

    Raises:
        LimitError: There are more than are read.
    """
    rows = streams.list_of(StreamType.MODULE_LIST, _MODULE, MODULES_LIMIT)
    bases = system.addresses(rows["base"].astype(np.uint64))
    listed = [
        ListedModule(base, size, streams.string(name))
        for base, size, name in zip(
            bases.tolist(), rows["size"].tolist(), rows["name"].tolist(), strict=True
        )
    ]
    return modules_in_order(listed, streams.warnings)

"""The threads of a minidump: their names, TEBs and stacks."""

from __future__ import annotations

import numpy as np

from memtiles.memory.minidump.streams import Rows, Streams, StreamType
from memtiles.memory.minidump.system import System
from memtiles.memory.process.landmarks import Thread

_THREADS_LIMIT = 1 << 16

_THREAD = np.dtype([
    ("thread", "<u4"), ("suspended", "<u4"), ("priority_class", "<u4"), ("priority", "<u4"),
    ("teb", "<u8"), ("stack_address", "<u8"), ("stack_size", "<u4"), ("stack_offset", "<u4"),
    ("context_size", "<u4"), ("context_offset", "<u4"),
])  # fmt: skip
_NAME = np.dtype([("thread", "<u4"), ("offset", "<u8")])


def thread_rows(streams: Streams) -> Rows:
    """The rows of the ThreadList (`MINIDUMP_THREAD`).

    Raises:
        LimitError: There are more than are read.
    """
    return streams.list_of(StreamType.THREAD_LIST, _THREAD, _THREADS_LIMIT)


def named_threads(streams: Streams, rows: Rows, system: System) -> list[Thread]:
    """The threads in the dump's order.

    Raises:
        LimitError: There are more names than are read.
    """
    names = streams.list_of(StreamType.THREAD_NAMES, _NAME, _THREADS_LIMIT)
    places = dict(zip(names["thread"].tolist(), names["offset"].tolist(), strict=True))
    return [
        Thread(thread, streams.string(places.get(thread, 0)), teb, stack)
        for thread, teb, stack in zip(
            rows["thread"].tolist(),
            system.addresses(rows["teb"].astype(np.uint64)).tolist(),
            system.addresses(rows["stack_address"].astype(np.uint64)).tolist(),
            strict=True,
        )
    ]

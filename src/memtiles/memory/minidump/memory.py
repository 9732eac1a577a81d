"""The memory of a minidump: three lists of ranges that may stand in one file together."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from memtiles.memory.minidump.streams import HEADER_SIZE, Rows, Streams, StreamType
from memtiles.memory.minidump.system import System
from memtiles.memory.overlap import Addresses
from memtiles.memory.process.stored_ranges import StoredRanges, back_to_back, held_ranges

_DESCRIPTOR = np.dtype([("address", "<u8"), ("size", "<u4"), ("offset", "<u4")])
_DESCRIPTOR64 = np.dtype([("address", "<u8"), ("size", "<u8")])


class _Listed(NamedTuple):
    """Ranges as one list has them, one array a field."""

    addresses: Addresses
    sizes: Addresses
    offsets: Addresses


def memory_ranges(streams: Streams, threads: Rows, system: System) -> StoredRanges:
    """All ranges of memory in a minidump; where they overlap, the one that stands first counts.

    Small dumps have a MemoryList, full ones a Memory64List, and some have both.

    Args:
        streams: The streams of the file.
        threads: Rows of its ThreadList.
        system: Says how wide its addresses are.

    Raises:
        LimitError: A list has more rows than are read.
    """
    small = _memory_list(streams)
    lists = [small, _memory64_list(streams), _unlisted_stacks(threads, small)]
    addresses, sizes, offsets = (np.concatenate(column) for column in zip(*lists, strict=True))
    return held_ranges(
        system.addresses(addresses),
        sizes,
        offsets,
        HEADER_SIZE,
        streams.source.size,
        streams.warnings,
    )


def _memory_list(streams: Streams) -> _Listed:
    rows = streams.list_of(StreamType.MEMORY_LIST, _DESCRIPTOR)
    return _Listed(*(rows[field].astype(np.uint64) for field in ("address", "size", "offset")))


def _memory64_list(streams: Streams) -> _Listed:
    """The ranges of a full dump, whose bytes stand back to back from one place on."""
    head = streams.head(StreamType.MEMORY64_LIST, 16)
    if not head:
        return _Listed(*np.empty((3, 0), np.uint64))
    count, start = struct.unpack("<QQ", head)
    rows = streams.rows_after(StreamType.MEMORY64_LIST, _DESCRIPTOR64, len(head), count)
    sizes = rows["size"].astype(np.uint64)
    offsets = back_to_back(sizes, start, streams.source.size)
    return _Listed(rows["address"].astype(np.uint64), sizes, offsets)


def _unlisted_stacks(threads: Rows, listed: _Listed) -> _Listed:
    """Stacks that only their threads tell of. Nearly all writers put them in the list as well."""
    # Full dumps have a place of 0 here: the stack's bytes are in the other list.
    stacks = threads[threads["stack_offset"] > 0]
    found = _Listed(
        *(stacks[f"stack_{field}"].astype(np.uint64) for field in ("address", "size", "offset"))
    )
    again = np.logical_and.reduce(
        [np.isin(of_thread, of_list) for of_thread, of_list in zip(found, listed, strict=True)]
    )
    return _Listed(*(column[~again] for column in found))

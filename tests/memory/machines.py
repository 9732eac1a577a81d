"""Physical memory of machines that are made up, byte by byte."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from builders.page_tables import PageTables
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.paging.mode import PageTables as Tables
from memtiles.memory.paging.mode import PagingMode
from memtiles.memory.paging.space import PagedSpace
from memtiles.memory.space import SpaceKind


class Bytes:
    """A file in memory that counts what is read of it."""

    name = "machine.img"

    def __init__(self, contents: bytes) -> None:
        self.contents = contents
        self.reads: list[tuple[int, int]] = []
        self._lock = threading.Lock()

    def read_into(self, offset: int, buffer: memoryview) -> int:
        piece = self.contents[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        with self._lock:
            self.reads.append((offset, len(buffer)))
        return len(piece)

    def prefetch(self, offset: int, size: int) -> None:
        pass


def physical_memory(pieces: Mapping[int, bytes]) -> ExtentSpace:
    """The pieces at their addresses, in a file that has other bytes before and between them."""
    contents = bytearray(b"\xee" * 7)
    offsets = []
    for piece in pieces.values():
        offsets.append(len(contents))
        contents += piece + b"\xee" * 5
    sizes = [len(piece) for piece in pieces.values()]
    source = Bytes(bytes(contents))
    return ExtentSpace(
        SpaceKind.PHYSICAL,
        source,
        *(np.array(c, np.uint64) for c in (list(pieces), sizes, offsets)),
    )


def reads_of(space: ExtentSpace) -> list[tuple[int, int]]:
    """Where and how much was read of such memory."""
    assert isinstance(space.source, Bytes)
    return space.source.reads


def paged(
    tables: PageTables, pieces: Mapping[int, bytes] | None = None, *, windows: bool = False
) -> PagedSpace:
    """The virtual memory of tables and of pieces of physical memory beside them."""
    physical = physical_memory({tables.base: bytes(tables.memory), **(pieces or {})})
    return PagedSpace(physical, Tables(tables.root, PagingMode(tables.mode), windows))

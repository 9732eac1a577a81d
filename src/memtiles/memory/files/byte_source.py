"""Bytes at offsets: what a table of extents points into."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from memtiles.memory.runs import Runs


class ByteSource(Protocol):
    """A file, or what a file is unpacked to block by block. Safe to read from many threads."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fills a buffer of bytes from `offset` on; gives how many bytes came.

        Fewer than the buffer holds come only where nothing follows any more.

        Raises:
            DumpError: They cannot be read (any more).
        """

    def prefetch(self, offset: int, size: int) -> None:
        """Tells the system that these bytes are read next, where it can be told."""


@runtime_checkable
class SparseSource(ByteSource, Protocol):
    """A source that tells some of its zeros without reading them."""

    def zeros(self) -> Runs:
        """Offsets at which bytes are there and zero, as far as that is known."""

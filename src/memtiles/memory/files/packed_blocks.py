"""Memory that a dump keeps packed in small blocks, unpacked where it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError
from memtiles.memory.files.block_cache import BlockCache
from memtiles.memory.files.byte_source import ByteSource
from memtiles.memory.files.codecs import Codec, unpackers
from memtiles.memory.overlap import Addresses

_CACHE_SIZE = 32 << 20
_AT_ONCE = 4 << 20  # unpacked bytes that are worked on in one go
_GAP = 16 << 10  # what is read for nothing where that saves a call
_READ_LIMIT = 8 << 20  # packed bytes in one call


class Blocks(NamedTuple):
    """One row for each block, in the order in which they are numbered.

    Attributes:
        offsets: Where in the file each begins.
        stored: Its bytes there.
        unpacked: What it unpacks to, at most the size of a slot.
        codecs: Values of `Codec`.
    """

    offsets: Addresses
    stored: npt.NDArray[np.uint32]
    unpacked: npt.NDArray[np.uint32]
    codecs: npt.NDArray[np.uint8]


# A row of `Blocks`. Equal rows are one and the same block: all zero pages of a kdump share one.
_Block = tuple[int, int, int, int]


@dataclass
class _Group:
    """Blocks that are read in one go, and where in the file they lie."""

    start: int
    end: int
    blocks: list[_Block]


class PackedBlocks:
    """The unpacked bytes as a source: block `n` begins at offset `n * slot`."""

    def __init__(self, source: ByteSource, slot: int, blocks: Blocks) -> None:
        """Opens them; nothing is unpacked yet.

        Args:
            source: What the offsets of blocks count in.
            slot: Bytes from the start of one block to that of the next.
            blocks: The table; every block lies inside the file.

        Raises:
            DumpError: A library is missing.
        """
        self.name = source.name
        self._source = source
        self._slot = slot
        self._blocks = blocks
        codecs = {Codec(each) for each in np.unique(blocks.codecs).tolist()}
        self._unpackers = {int(key): each for key, each in unpackers(codecs, source.name).items()}
        self._cache: BlockCache[_Block] = BlockCache(_CACHE_SIZE)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fills a buffer with unpacked bytes; as `ByteSource.read_into`."""
        slot = self._slot
        first, end = offset // slot, -(-(offset + len(buffer)) // slot)
        done = 0
        for start in range(first, end, _AT_ONCE // slot):
            blocks = self._rows(start, min(start + _AT_ONCE // slot, end))
            unpacked = self._unpacked(blocks)
            for number, block in enumerate(blocks, start):
                skipped = max(0, offset - number * slot)
                wanted = min(slot - skipped, len(buffer) - done)
                piece = unpacked[block]
                if skipped or wanted < len(piece):
                    piece = piece[skipped : skipped + wanted]
                buffer[done : done + len(piece)] = piece
                done += len(piece)
                if len(piece) < wanted:
                    return done
        return done

    def prefetch(self, offset: int, size: int) -> None:
        """Tells the system which packed bytes are read next."""
        start, stop = offset // self._slot, -(-(offset + size) // self._slot)
        for group in _neighbours(set(self._rows(start, stop))):
            self._source.prefetch(group.start, group.end - group.start)

    def _rows(self, start: int, stop: int) -> list[_Block]:
        offsets, stored, unpacked, codecs = (each[start:stop].tolist() for each in self._blocks)
        return list(zip(offsets, stored, unpacked, codecs, strict=True))

    def _unpacked(self, blocks: list[_Block]) -> dict[_Block, bytes | bytearray]:
        wanted = set(blocks)
        found = self._cache.find(wanted)
        fresh: dict[_Block, bytes | bytearray] = {}
        for group in _neighbours(wanted - found.keys()):
            data = memoryview(bytearray(group.end - group.start))
            got = self._source.read_into(group.start, data)
            if got < len(data):
                raise DumpError(
                    f"{self.name}: wanted {len(data)} bytes at byte {group.start}, got {got}: the "
                    "dump was cut or changed while it was read"
                )
            for block in group.blocks:
                fresh[block] = self._unpack(block, data, group.start)
        self._cache.keep(fresh)
        return found | fresh

    def _unpack(self, block: _Block, data: memoryview, base: int) -> bytes | bytearray:
        offset, stored, unpacked, codec = block
        try:
            return self._unpackers[codec](
                bytes(data[offset - base : offset - base + stored]), unpacked
            )
        except ValueError as problem:
            raise DumpError(
                f"{self.name}: the block of {stored} packed bytes at byte {offset} is damaged: "
                f"{problem}"
            ) from None


def _neighbours(blocks: Iterable[_Block]) -> Iterator[_Group]:
    """Blocks in groups that are worth reading with one call."""
    group: _Group | None = None
    for block in sorted(blocks):
        end = block[0] + block[1]
        if group and block[0] <= group.end + _GAP and end <= group.start + _READ_LIMIT:
            # A damaged table may have blocks inside one another.
            group.end = max(group.end, end)
            group.blocks.append(block)
        else:
            if group:
                yield group
            group = _Group(block[0], end, [block])
    if group:
        yield group

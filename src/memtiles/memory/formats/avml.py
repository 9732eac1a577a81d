"""AVML images: LiME with each range packed, as `avml --compress` writes them.

AVML, src/image.rs and src/io/snappy.rs: behind the header of a range (at most 16 MiB, of older
versions more) a framed snappy stream of it, then in eight bytes how long the stream was.
"""

from __future__ import annotations

from array import array

import numpy as np

from memtiles.errors import DumpError, LimitError
from memtiles.memory.dump import Dump
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.codecs import Codec
from memtiles.memory.files.packed_blocks import Blocks, PackedBlocks
from memtiles.memory.files.source import FileSource
from memtiles.memory.linux.lime_image import (
    RANGES_LIMIT,
    SIZE,
    LimeHeader,
    image_dump,
    warn_of_tail,
)
from memtiles.memory.linux.snappy_frames import CHUNK_LIMIT, chunk_at
from memtiles.memory.options import Options
from memtiles.memory.space import SpaceKind

_MAGIC = b"AVML"
_VERSION = 2
_TRAILER_SIZE = 8

# A stated limit: 256 GiB of memory in chunks of 64 KiB.
_CHUNKS_LIMIT = 1 << 22


class Avml:
    """Files that begin with an AVML header."""

    name = "avml"
    takes = frozenset({"cr3"})

    def sniff(self, head: bytes) -> bool:
        return head.startswith(_MAGIC)

    def open(self, source: FileSource, options: Options) -> Dump:
        index = _Index(source)
        index.walk()
        return image_dump(self.name, source, options, index.space(), index.warnings)


FORMAT = Avml()


class _Index:
    """The chunks of all ranges, found by their headers alone."""

    def __init__(self, source: FileSource) -> None:
        self.warnings: list[str] = []
        self._source = source
        self._addresses = array("Q")
        self._offsets = array("Q")
        self._stored = array("I")
        self._unpacked = array("I")
        self._walked = 0

    def walk(self) -> None:
        """Walks all ranges up to the first that is damaged."""
        at = ranges = 0
        while (header := LimeHeader.read(self._source, at)) and header[:2] == (_MAGIC, _VERSION):
            if ranges == RANGES_LIMIT:
                raise LimitError(f"{self._source.name}: more than {RANGES_LIMIT} ranges of memory")
            ranges += 1
            end, done = self._walk_range(at + SIZE, header)
            if done < header.size:
                self.warnings.append(
                    f"the dump is cut or damaged at byte {end}: from address "
                    f"{header.start + done:#x} on its memory is missing"
                )
                break
            # Not compared: AVML of March 2025 wrote the unpacked size there for a few commits, and
            # what the chunks say is checked anyway.
            if end + _TRAILER_SIZE > self._source.size:
                self.warnings.append(f"the dump is cut short at {self._source.size} bytes")
                break
            at = end + _TRAILER_SIZE
        else:
            warn_of_tail(self._source, at, "AVML", self.warnings)
        if not self._addresses:
            raise DumpError(
                f"{self._source.name}: holds no memory: its first AVML range is cut, damaged, or "
                f"not of version {_VERSION}"
            )

    def space(self) -> ExtentSpace:
        """The memory of all chunks."""
        codecs = np.full(len(self._offsets), Codec.FRAMED_SNAPPY, np.uint8)
        unpacked = np.asarray(self._unpacked)
        blocks = Blocks(np.asarray(self._offsets), np.asarray(self._stored), unpacked, codecs)
        return ExtentSpace(
            SpaceKind.PHYSICAL,
            PackedBlocks(self._source, CHUNK_LIMIT, blocks),
            np.asarray(self._addresses),
            unpacked,
            np.arange(len(unpacked), dtype=np.uint64) * np.uint64(CHUNK_LIMIT),
        )

    def _walk_range(self, at: int, header: LimeHeader) -> tuple[int, int]:
        """Takes in the chunks of a range; gives where they end and how many bytes they unpack to.

        Fewer than the range has are what comes before damage.
        """
        done = 0
        while done < header.size:
            chunk = chunk_at(self._source, at)
            if chunk is None or chunk.unpacked > header.size - done:
                break
            self._walked += 1
            if self._walked > _CHUNKS_LIMIT:
                raise LimitError(
                    f"{self._source.name}: more than {_CHUNKS_LIMIT} packed chunks: unpack it with "
                    "`avml-convert`"
                )
            if chunk.unpacked:
                self._addresses.append(header.start + done)
                self._offsets.append(at)
                self._stored.append(chunk.size)
                self._unpacked.append(chunk.unpacked)
            at += chunk.size
            done += chunk.unpacked
        return at, done

"""Address spaces kept in a file: a table that says which addresses stand where in it."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError, LimitError
from memtiles.memory.files.byte_source import ByteSource, SparseSource
from memtiles.memory.overlap import Addresses, first_wins
from memtiles.memory.runs import NO_RUNS, Runs, numbered
from memtiles.memory.space import AddressSpace, Memory, SpaceKind
from memtiles.memory.span import Span

# A stated limit: a million extents may share a file of many holes.
_ZEROS_LIMIT = 1 << 20


class FilePieces(NamedTuple):
    """Pieces of spans in a file, sorted by span and address.

    Attributes:
        owner: Which span each is of.
        skipped: Bytes of the span before it.
        sizes: Its bytes.
        offsets: Where in the file it begins.
    """

    owner: npt.NDArray[np.int64]
    skipped: Addresses
    sizes: Addresses
    offsets: Addresses


class ExtentSpace(AddressSpace):
    """A table of extents (address, size, file offset), made for up to millions of them.

    Addresses need no alignment and no order. Where extents overlap, the one that the dump lists
    first has the say.
    """

    def __init__(
        self,
        kind: SpaceKind,
        source: ByteSource,
        addresses: npt.ArrayLike,
        sizes: npt.ArrayLike,
        offsets: npt.ArrayLike,
    ) -> None:
        """Builds the table; extents of zero bytes are dropped.

        Args:
            kind: What the addresses are.
            source: The file, or what it is unpacked to.
            addresses: First address of each extent; one-dimensional, like the next two.
            sizes: Bytes of each extent.
            offsets: Where in the file each extent begins.

        Raises:
            ValueError: An extent leaves the 64-bit address space.
        """
        self.kind = kind
        self.source = source
        self._sparse = source if isinstance(source, SparseSource) else None
        size_array = np.asarray(sizes, np.uint64)
        held = size_array > 0
        firsts = np.asarray(addresses, np.uint64)[held]
        lasts = firsts + (size_array[held] - np.uint64(1))
        if bool(np.any(lasts < firsts)):
            raise ValueError("an extent leaves the 64-bit address space")
        pieces = first_wins(firsts, lasts)
        starts = np.asarray(offsets, np.uint64)[held][pieces.owner]
        starts = starts + (pieces.firsts - firsts[pieces.owner])
        touching = pieces.firsts[1:] - pieces.lasts[:-1] == 1
        self._runs = Runs.of_sorted(pieces.firsts, pieces.lasts)
        # Neighbours in the space that are neighbours in the file too are read in one go.
        together = touching & (np.diff(starts) == np.diff(pieces.firsts))
        extents = _joined(pieces.firsts, pieces.lasts, together)
        self._firsts, self._lasts = extents.firsts, extents.lasts
        self._offsets = starts[np.append(True, ~together)] if len(starts) else starts

    def runs(self, span: Span) -> Runs:
        return self._runs.clip(span.start, span.size)

    def zeros(self, span: Span) -> Runs:
        holes = NO_RUNS if self._sparse is None else self._sparse.zeros()
        if not len(holes):
            return NO_RUNS
        within = self._within(span)
        firsts = np.maximum(self._firsts[within], np.uint64(span.start))
        offsets = self._offsets[within] + (firsts - self._firsts[within])
        ends = offsets + (np.minimum(self._lasts[within], np.uint64(span.end - 1)) - firsts)
        low = np.searchsorted(holes.lasts, offsets, side="left")
        counts = np.searchsorted(holes.firsts, ends, side="right") - low
        if int(counts.sum()) > _ZEROS_LIMIT:
            return NO_RUNS
        owner, at = numbered(low, counts)
        shift = (firsts - np.uint64(span.start) - offsets)[owner]
        return Runs.of_sorted(
            np.maximum(holes.firsts[at], offsets[owner]) + shift,
            np.minimum(holes.lasts[at], ends[owner]) + shift,
        )

    def read(self, span: Span) -> Memory:
        runs = self.runs(span)
        # Zeros are only for holes: to write them costs half as much as to read a file from memory.
        make = np.empty if runs.is_whole(span.size) else np.zeros
        data = make(span.size, np.uint8)
        view = data.data
        within = self._within(span)
        for first, last, offset in zip(
            self._firsts[within].tolist(),
            self._lasts[within].tolist(),
            self._offsets[within].tolist(),
            strict=True,
        ):
            start, stop = max(first, span.start), min(last + 1, span.end)
            piece = view[start - span.start : stop - span.start]
            self._read_piece(start, offset + start - first, piece)
        return Memory(data, runs)

    def read_rows(self, row: Span, stride: int, count: int) -> Memory:
        offset = self._offset_of(Span(row.start, (count - 1) * stride + row.size))
        if offset is None:
            return super().read_rows(row, stride, count)
        data = np.empty(count * row.size, np.uint8)
        # All are asked for before the first is waited for: a disk that serves many at a time
        # then takes a fraction of the time.
        for number in range(count):
            self.source.prefetch(offset + number * stride, row.size)
        for number in range(count):
            piece = data.data[number * row.size : (number + 1) * row.size]
            self._read_piece(row.start + number * stride, offset + number * stride, piece)
        return Memory(data, Runs.of([(0, len(data))]))

    def all_runs(self) -> Runs:
        """What is present anywhere, counted from address 0."""
        return self._runs

    @cached_property
    def stored(self) -> int:
        """Bytes of the file that it stands in: those that several addresses share count once."""
        order = np.argsort(self._offsets, kind="stable")
        firsts = self._offsets[order]
        ends = firsts + (self._lasts - self._firsts)[order] + np.uint64(1)
        reach = np.maximum.accumulate(ends)
        begins = np.maximum(firsts, np.append(firsts[:1], reach[:-1]))
        return int((np.maximum(ends, begins) - begins).sum())

    def pieces_of(self, starts: Addresses, sizes: Addresses, limit: int) -> FilePieces:
        """Where spans of addresses stand in the file; what is a hole is in no piece.

        Args:
            starts: First address of each span, in any order; spans may overlap.
            sizes: Bytes of each span, at least 1; none leaves the 64-bit addresses.
            limit: How many pieces there may be.

        Raises:
            LimitError: There are more.
        """
        lasts = starts + (sizes - np.uint64(1))
        low = np.searchsorted(self._lasts, starts, side="left")
        counts = np.searchsorted(self._firsts, lasts, side="right") - low
        if int(counts.sum()) > limit:
            raise LimitError(
                f"{self.source.name}: more than {limit} pieces of memory: ask for a smaller range"
            )
        owner, at = numbered(low, counts)
        firsts = np.maximum(self._firsts[at], starts[owner])
        ends = np.minimum(self._lasts[at], lasts[owner])
        into_extent: Addresses = firsts - self._firsts[at]
        return FilePieces(
            owner,
            firsts - starts[owner],
            ends - firsts + np.uint64(1),
            self._offsets[at] + into_extent,
        )

    def _within(self, span: Span) -> slice:
        """The extents that a span has a part of."""
        return slice(
            int(np.searchsorted(self._lasts, np.uint64(span.start), side="left")),
            int(np.searchsorted(self._firsts, np.uint64(span.end - 1), side="right")),
        )

    def _offset_of(self, span: Span) -> int | None:
        """Where a span begins in the file; None where it does not lie there in one piece."""
        at = int(np.searchsorted(self._lasts, np.uint64(span.start), side="left"))
        if at == len(self._firsts) or int(self._firsts[at]) > span.start:
            return None
        if int(self._lasts[at]) < span.end - 1:
            return None
        return int(self._offsets[at]) + span.start - int(self._firsts[at])

    def _read_piece(self, address: int, offset: int, piece: memoryview) -> None:
        got = self.source.read_into(offset, piece)
        if got < len(piece):
            raise DumpError(
                f"{self.source.name}: wanted {len(piece)} bytes at address {address:#x}, got "
                f"{got}: the dump was cut or changed while it was read"
            )


def _joined(
    firsts: npt.NDArray[np.uint64], lasts: npt.NDArray[np.uint64], join: npt.NDArray[np.bool_]
) -> Runs:
    """Sorted ranges with each one joined to the one before where `join` (one shorter) says so."""
    if not len(firsts):
        return Runs(firsts, lasts)
    return Runs(firsts[np.append(True, ~join)], lasts[np.append(~join, True)])

"""Spaces over a file of 512 known bytes, against a table of every single address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.page_tables import PageTables
from memtiles.errors import DumpError, LimitError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.paging.mode import PageTables as Tables
from memtiles.memory.paging.mode import PagingMode
from memtiles.memory.paging.space import PagedSpace
from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

BYTES = bytes((7 * i + i // 256 + 1) % 256 for i in range(512))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileSource]:
    path = tmp_path_factory.mktemp("extents") / "bytes"
    path.write_bytes(BYTES)
    opened = FileSource.open(path)
    yield opened
    opened.close()


def space(source: FileSource, rows: list[tuple[int, int, int]]) -> ExtentSpace:
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return ExtentSpace(SpaceKind.VIRTUAL, source, *(np.array(c, np.uint64) for c in columns))


extents = st.lists(
    st.tuples(st.integers(0, 90), st.integers(0, 37), st.integers(0, 470)), max_size=8
)
bases = st.sampled_from([0, 0x7FFF_FFFF_FFC0, (1 << 63) - 64, (1 << 64) - 128])


@given(extents, bases, st.integers(0, 127), st.integers(1, 128))
def test_read_is_the_sum_of_its_single_bytes(
    source: FileSource, rows: list[tuple[int, int, int]], base: int, start: int, size: int
) -> None:
    size = min(size, 128 - start)
    here = space(source, [(base + address, length, offset) for address, length, offset in rows])
    table: dict[int, int] = {}
    for address, length, offset in rows:
        for step in range(length):
            table.setdefault(base + address + step, BYTES[offset + step])
    span = Span(base + start, size)
    whole = here.read(span)
    singles = [here.read(Span(span.start + step, 1)) for step in range(size)]
    assert whole.data.tobytes() == b"".join(single.data.tobytes() for single in singles)
    assert whole.runs.mask(0, size).tolist() == [len(single.runs) == 1 for single in singles]
    assert whole.runs == here.runs(span)
    expected = [table.get(span.start + step) for step in range(size)]
    assert whole.runs.mask(0, size).tolist() == [byte is not None for byte in expected]
    assert whole.data.tolist() == [byte or 0 for byte in expected]


@given(extents, bases, st.integers(0, 20), st.integers(1, 16), st.integers(0, 9), st.integers(1, 4))
def test_rows_are_the_reads_of_each(
    source: FileSource,
    rows: list[tuple[int, int, int]],
    base: int,
    start: int,
    size: int,
    between: int,
    count: int,
) -> None:
    here = space(source, [(base + address, length, offset) for address, length, offset in rows])
    stride = size + between
    found = here.read_rows(Span(base + start, size), stride, count)
    singles = [here.read(Span(base + start + i * stride, size)) for i in range(count)]
    assert found.data.tobytes() == b"".join(single.data.tobytes() for single in singles)
    assert found.present.tolist() == [here for single in singles for here in single.present]


def test_rows_of_a_file_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    path.write_bytes(BYTES)
    opened = FileSource.open(path)
    here = space(opened, [(0x1000, 512, 0)])
    os.truncate(path, 300)
    with pytest.raises(DumpError, match="wanted 8 bytes at address 0x112c, got 0"):
        here.read_rows(Span(0x1000, 8), 100, 5)
    opened.close()


def test_the_last_byte_of_the_address_space(source: FileSource) -> None:
    here = space(source, [((1 << 64) - 2, 2, 5)])
    memory = here.read(Span((1 << 64) - 4, 4))
    assert memory.data.tolist() == [0, 0, BYTES[5], BYTES[6]]
    assert memory.runs == Runs.of([(2, 2)])


def test_no_extents_is_one_hole(source: FileSource) -> None:
    here = space(source, [])
    assert len(here.runs(Span(0, 1 << 64))) == 0
    assert here.read(Span(5, 5)).data.tolist() == [0] * 5


def test_an_extent_beyond_the_address_space(source: FileSource) -> None:
    with pytest.raises(ValueError, match="64-bit"):
        space(source, [((1 << 64) - 2, 3, 0)])


def test_neighbours_are_one_run_and_read_in_one_go(source: FileSource) -> None:
    here = space(source, [(110, 10, 10), (100, 10, 0), (120, 10, 300)])
    assert here.runs(Span(90, 100)) == Runs.of([(10, 30)])
    calls: list[tuple[int, int]] = []
    read_into = source.read_into
    source.read_into = lambda offset, buffer: (  # type: ignore[method-assign]
        calls.append((offset, len(buffer))) or read_into(offset, buffer)  # type: ignore[func-returns-value]
    )
    try:
        here.read(Span(90, 100))
    finally:
        del source.read_into
    assert calls == [(0, 20), (300, 10)]


def test_a_short_read_names_address_wanted_and_got(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    path.write_bytes(BYTES)
    opened = FileSource.open(path)
    here = space(opened, [(0x1000, 512, 0)])
    os.truncate(path, 100)
    expected = "cut: wanted 20 bytes at address 0x105a, got 10: the dump was cut or changed"
    with pytest.raises(DumpError, match=expected):
        here.read(Span(0x105A, 20))
    opened.close()


def test_a_million_extents(source: FileSource) -> None:
    """Every second 64-byte piece of 128 MB of addresses, listed backwards."""
    addresses = np.arange(1_000_000, dtype=np.uint64)[::-1] * np.uint64(128)
    here = ExtentSpace(
        SpaceKind.PHYSICAL,
        source,
        addresses,
        np.full(1_000_000, 64, np.uint64),
        np.full(1_000_000, 7, np.uint64),
    )
    memory = here.read(Span(128 * 500_000 + 32, 128))
    assert memory.runs == Runs.of([(0, 32), (96, 32)])
    assert memory.data[:32].tobytes() == BYTES[39:71]
    assert len(here.runs(Span(0, 1 << 40))) == 1_000_000


@given(extents, bases, st.lists(st.tuples(st.integers(0, 127), st.integers(1, 128)), max_size=6))
def test_pieces_of_spans(
    source: FileSource, rows: list[tuple[int, int, int]], base: int, spans: list[tuple[int, int]]
) -> None:
    """Each byte of each span is in one piece, or a hole; pieces are in the order of the spans."""
    here = space(source, [(base + address, length, offset) for address, length, offset in rows])
    asked = [Span(base + start, min(size, 128 - start)) for start, size in spans]
    starts = np.array([span.start for span in asked], np.uint64)
    sizes = np.array([span.size for span in asked], np.uint64)
    found = here.pieces_of(starts, sizes, limit=1000)
    columns = zip(*(column.tolist() for column in found), strict=True)
    held = [bytearray(span.size) for span in asked]
    total = [0] * len(asked)
    places = []
    for owner, skipped, size, offset in columns:
        held[owner][skipped : skipped + size] = BYTES[offset : offset + size]
        total[owner] += size
        places.append((owner, skipped))
    assert places == sorted(places)
    memories = [here.read(span) for span in asked]
    assert [bytes(one) for one in held] == [memory.data.tobytes() for memory in memories]
    assert total == [memory.runs.total for memory in memories]


def test_too_many_pieces(source: FileSource) -> None:
    here = space(source, [(2 * i, 1, i) for i in range(100)])
    starts, sizes = np.array([0, 50], np.uint64), np.array([200, 20], np.uint64)
    assert len(here.pieces_of(starts, sizes, limit=110).sizes) == 110
    with pytest.raises(LimitError, match="more than 109 pieces"):
        here.pieces_of(starts, sizes, limit=109)


@given(extents)
def test_bytes_of_the_file_that_several_share_count_once(
    source: FileSource, rows: list[tuple[int, int, int]]
) -> None:
    apart = [(1000 * i + address, size, at) for i, (address, size, at) in enumerate(rows)]
    stored = {at + step for _, size, at in apart for step in range(size)}
    assert space(source, apart).stored == len(stored)


class Sparse:
    """Bytes that tell where they are zeros."""

    name = "sparse"

    def __init__(self, contents: bytes, holes: list[tuple[int, int]]) -> None:
        self.contents = bytearray(contents)
        self._holes = Runs.of(holes)
        for start, size in self._holes:
            self.contents[start : start + size] = bytes(size)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        piece = self.contents[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def prefetch(self, offset: int, size: int) -> None:
        pass

    def zeros(self) -> Runs:
        return self._holes


holes = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 12)), max_size=8)


@given(extents, holes, bases, st.integers(0, 127), st.integers(1, 128))
def test_zeros_are_the_holes_of_the_file_at_their_addresses(
    rows: list[tuple[int, int, int]],
    holes: list[tuple[int, int]],
    base: int,
    start: int,
    size: int,
) -> None:
    size = min(size, 128 - start)
    source = Sparse(BYTES, holes)
    columns = [(base + address, length, offset) for address, length, offset in rows]
    here = space(source, columns)  # type: ignore[arg-type]
    table: dict[int, int] = {}
    for address, length, offset in columns:
        for step in range(length):
            table.setdefault(address + step, offset + step)
    inside = {at for first, length in holes for at in range(first, first + length)}
    span = Span(base + start, size)
    found = here.zeros(span)
    assert found.mask(0, size).tolist() == [
        table.get(span.start + step) in inside for step in range(size)
    ]
    assert found.within(here.runs(span)) == found
    assert not here.read(span).data[found.mask(0, size)].any()


def test_zeros_of_all_addresses() -> None:
    here = space(Sparse(BYTES, [(10, 5)]), [((1 << 64) - 20, 20, 0)])  # type: ignore[arg-type]
    assert here.zeros(Span(0, 1 << 64)) == Runs.of([((1 << 64) - 10, 5)])


def test_a_source_that_knows_no_zeros() -> None:
    class Packed:
        name = "packed"
        read_into = prefetch = None

    here = space(Packed(), [(0, 100, 0)])  # type: ignore[arg-type]
    assert here.zeros(Span(0, 100)) == NO_RUNS


def test_a_tebibyte_of_holes_is_known_at_once(tmp_path: Path) -> None:
    """The file system may keep more than was written, such as a block of a megabyte."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.seek(1 << 39)
        file.write(BYTES)
        file.truncate(1 << 40)
    opened = FileSource.open(path)
    here = space(opened, [(0, 1 << 40, 0)])
    found = here.zeros(Span(0, 1 << 40))
    if len(found):  # file systems may have none
        assert found.total > (1 << 40) - (64 << 20)
        assert found.clip(1 << 39, len(BYTES)) == NO_RUNS
    opened.close()


def test_many_extents_over_many_holes() -> None:
    """Four thousand extents that all share a file of a thousand holes: four million zeros."""
    source = Sparse(bytes(4000), [(4 * number, 1) for number in range(1000)])
    here = space(source, [(4000 * number, 4000, 0) for number in range(4000)])  # type: ignore[arg-type]
    assert here.zeros(Span(0, 16_000_000)) == NO_RUNS
    assert len(here.zeros(Span(3998, 8000))) == 2000


def test_zeros_behind_page_tables() -> None:
    tables = PageTables("x64")
    tables.map(0x7000, 0x3000)
    tables.map(0x8000, 0x2000)
    contents = bytes(b"\xee" * 0x10_0000) + bytes(tables.memory)
    source = Sparse(contents, [(0x2800, 0x1000)])
    physical = ExtentSpace(SpaceKind.PHYSICAL, source, [0], [len(contents)], [0])
    here = PagedSpace(physical, Tables(tables.root, PagingMode.X64))
    assert here.zeros(Span(0x6000, 0x4000)) == Runs.of([(0x1000, 0x800), (0x2800, 0x800)])

"""Virtual memory against a model that knows every page: tables written by builders.page_tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.page_tables import (
    LARGE,
    NO_EXECUTE,
    PAGE_SIZES,
    PRESENT,
    PROTOTYPE,
    TRANSITION,
    USER,
    WRITE,
    PageTables,
)
from memory.machines import paged, physical_memory, reads_of
from memtiles.memory.paging.mode import PageTables as Tables
from memtiles.memory.paging.mode import PagingMode
from memtiles.memory.paging.space import PagedSpace
from memtiles.memory.paging.walk import walk
from memtiles.memory.runs import Runs
from memtiles.memory.space import Absence
from memtiles.memory.span import Span

Bytes = npt.NDArray[np.uint8]

MODES = list(PAGE_SIZES)
MIB, GIB = 1 << 20, 1 << 30
NEAR = 0x2200  # how far from a border the tests look
PAGE = 4096

# Where pages and tables begin and end, and the ends of the addresses themselves.
BORDERS = {
    "x86": [0, 4 * MIB, GIB, 1 << 32],
    "pae": [0, 2 * MIB, GIB, 1 << 32],
    "x64": [0, 2 * MIB, GIB, 1 << 39, 1 << 47, (1 << 64) - (1 << 47), (1 << 64) - GIB, 1 << 64],
    "x64-5": [0, 2 * MIB, 1 << 48, 1 << 56, (1 << 64) - (1 << 56), (1 << 64) - (1 << 47), 1 << 64],
}
ADDRESSES = {
    "x86": [(0, 1 << 32)],
    "pae": [(0, 1 << 32)],
    "x64": [(0, 1 << 47), ((1 << 64) - (1 << 47), 1 << 64)],
    "x64-5": [(0, 1 << 56), ((1 << 64) - (1 << 56), 1 << 64)],
}
# Not where the tables are; the last is what 32 bits do not reach but PAE and PSE-36 do.
PLACES = [0, 8 * MIB, 2 * GIB, 1 << 33]


def is_address(mode: str, virtual: int) -> bool:
    return any(start <= virtual < end for start, end in ADDRESSES[mode])


def contents(start: int, size: int) -> Bytes:
    """What stands in physical memory: no two pages are alike."""
    address = np.arange(start, start + size, dtype=np.uint64)
    mixed = address * np.uint64(31) + (address >> np.uint64(12)) * np.uint64(77)
    found: Bytes = (mixed + (address >> np.uint64(30))).astype(np.uint8)
    return found


HERE = 0
REASONS = {Absence.NOT_MAPPED: 1, Absence.PAGED_OUT: 2, Absence.NOT_IN_FILE: 3}


@dataclass
class Model:
    """Every page of a virtual space, and every byte of physical memory."""

    pages: list[tuple[int, int, int]] = field(default_factory=list)  # virtual, size, physical
    absent: list[tuple[int, int]] = field(default_factory=list)
    unknown: list[tuple[int, int]] = field(default_factory=list)
    held: list[tuple[int, int]] = field(default_factory=list)

    def is_free(self, start: int, size: int) -> bool:
        taken = [*((v, n) for v, n, _ in self.pages), *self.absent]
        return all(start + size <= other or other + n <= start for other, n in taken)

    def read(self, span: Span) -> tuple[Bytes, Bytes]:
        """The bytes, and for each HERE or one of REASONS."""
        data, why = np.zeros(span.size, np.uint8), np.full(span.size, 1, np.uint8)

        def mark(start: int, end: int, code: int) -> Span | None:
            low, high = max(start, span.start), min(end, span.end)
            why[max(0, low - span.start) : max(0, high - span.start)] = code
            return Span.between(low, high) if low < high else None

        for start, size in self.absent:
            mark(start, start + size, 2)
        for start, size, physical in self.pages:
            mark(start, start + size, 3)
            for held, length in self.held:
                low = max(start, start + held - physical)
                high = min(start + size, start + held + length - physical)
                if low < high and (found := mark(low, high, HERE)):
                    at = slice(found.start - span.start, found.end - span.start)
                    data[at] = contents(physical + found.start - start, found.size)
        for start, size in self.unknown:
            mark(start, start + size, 3)
        data[why != HERE] = 0
        return data, why


@dataclass(frozen=True)
class Made:
    """A machine that hypothesis made up."""

    space: PagedSpace
    model: Model
    windows: list[Span]


@st.composite
def machines(draw: st.DrawFn, mode: str) -> Made:
    """A handful of pages around borders, on physical memory of which only pieces are held."""
    windows = draw(st.booleans())
    tables = PageTables(mode, skip=draw(st.sampled_from([0, 32, 4064])) if mode == "pae" else 0)
    model = Model()
    for _ in range(draw(st.integers(1, 12))):
        size = draw(st.sampled_from(PAGE_SIZES[mode]))
        border, place = draw(st.sampled_from(BORDERS[mode])), draw(st.sampled_from(PLACES))
        steps = st.integers(-2, 1) if size == PAGE else st.integers(-1, 0)
        virtual = border // size * size + draw(steps) * size
        physical = place // size * size + draw(steps) * size
        kind = draw(
            st.sampled_from(["page", "page", "page", "transition", "prototype", "page file"])
        )
        if not is_address(mode, virtual) or physical < 0 or not model.is_free(virtual, size):
            continue
        if mode == "x86" and size == PAGE:
            physical &= 0xFFFF_FFFF
        if kind == "page":
            tables.map(virtual, physical, size)
            model.pages.append((virtual, size, physical))
        elif size == PAGE:
            physical &= 0xFFFF_FFFF
            flags = {"transition": TRANSITION, "prototype": PROTOTYPE | TRANSITION}.get(kind, 0)
            tables.put(virtual, size, physical | flags | 4 << 5)
            if kind == "transition" and windows:
                model.pages.append((virtual, size, physical))
            else:
                model.absent.append((virtual, size))
    for place in PLACES:
        for _ in range(draw(st.integers(0, 3))):
            start = max(0, place + draw(st.integers(-NEAR, NEAR)))
            model.held.append((start, draw(st.integers(1, 3 * PAGE))))
    pieces = {start: contents(start, size).tobytes() for start, size in Runs.of(model.held)}
    lost = draw(st.lists(st.sampled_from(tables.tables), max_size=1)) if draw(st.booleans()) else []
    for table in lost:
        sign = 0 if is_address(mode, table.start) else -1 << {"x64": 48, "x64-5": 57}[mode]
        whole = (0, 1 << (32 if mode in ("x86", "pae") else 64))
        top = table is tables.tables[0]
        model.unknown.append(whole if top else ((table.start + sign) % (1 << 64), table.covered))
    pieces.update(without(tables, [table.physical for table in lost]))
    top_table = Tables(tables.root, PagingMode(mode), windows)
    space = PagedSpace(physical_memory(pieces), top_table)
    spans = []
    for border in BORDERS[mode]:
        low, high = max(0, border - NEAR), min(1 << 64, border + NEAR)
        spans.append(Span.between(low, high))
        if low < border < high:
            spans += [Span.between(low, border), Span.between(border, high)]
    # What was asked for before must not matter.
    return Made(space, model, draw(st.permutations(spans)))


def without(tables: PageTables, lost: list[int]) -> dict[int, bytes]:
    """The memory of the tables, without one byte of each of those that are lost."""
    pieces, start = {}, 0
    for at in sorted(lost):
        pieces[tables.base + start] = bytes(tables.memory[start : at - tables.base + 5])
        start = at - tables.base + 6
    pieces[tables.base + start] = bytes(tables.memory[start:])
    return pieces


def check(made: Made, span: Span) -> None:
    """Everything that a space says about a span is what the model says."""
    data, why = made.model.read(span)
    memory = made.space.read(span)
    assert np.array_equal(memory.data, data)
    assert np.array_equal(memory.present, why == HERE)
    assert made.space.runs(span) == memory.runs
    told = np.zeros(span.size, np.uint8)
    for reason, runs in made.space.holes(span).items():
        assert len(runs), "a reason without bytes"
        assert not np.any(told[runs.mask(0, span.size)]), "two reasons for one byte"
        told[runs.mask(0, span.size)] = REASONS[reason]
    assert np.array_equal(told, why)


@pytest.mark.parametrize("mode", MODES)
@settings(deadline=None)
@given(data=st.data())
def test_every_byte_is_the_models(mode: str, data: st.DataObject) -> None:
    made = data.draw(machines(mode))
    for span in made.windows:
        check(made, span)
    made.space.walk_all()
    for span in made.windows:
        check(made, span)


@pytest.mark.parametrize("mode", MODES)
@settings(deadline=None)
@given(data=st.data())
def test_read_is_the_sum_of_its_single_bytes(mode: str, data: st.DataObject) -> None:
    made = data.draw(machines(mode))
    if data.draw(st.booleans()):
        made.space.walk_all()
    window = data.draw(st.sampled_from(made.windows))
    start = window.start + data.draw(st.integers(0, window.size - 1))
    size = min(data.draw(st.integers(1, 80)), window.end - start)
    whole = made.space.read(Span(start, size))
    singles = [made.space.read(Span(start + step, 1)) for step in range(size)]
    assert whole.data.tobytes() == b"".join(single.data.tobytes() for single in singles)
    assert whole.present.tolist() == [len(single.runs) == 1 for single in singles]


@pytest.mark.parametrize("mode", MODES)
@settings(deadline=None)
@given(data=st.data())
def test_rows_are_the_reads_of_each(mode: str, data: st.DataObject) -> None:
    made = data.draw(machines(mode))
    window = data.draw(st.sampled_from(made.windows))
    size, count = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 8))
    stride = size + data.draw(st.integers(0, 700))  # together less than a window
    start = window.start + data.draw(st.integers(0, max(0, window.size - count * stride)))
    rows = made.space.read_rows(Span(start, size), stride, count)
    singles = [made.space.read(Span(start + i * stride, size)) for i in range(count)]
    assert rows.data.tobytes() == b"".join(single.data.tobytes() for single in singles)
    assert rows.present.tolist() == [here for single in singles for here in single.present]


@settings(deadline=None)
@given(data=st.data())
def test_many_threads_get_the_same_answers(data: st.DataObject) -> None:
    made = data.draw(machines("x64"))

    def work(number: int) -> None:
        if number == 7:
            made.space.walk_all()
        check(made, made.windows[number % len(made.windows)])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(24)))


def test_a_large_page_is_kept_where_its_memory_is() -> None:
    """A page of 2 MiB of which the file has two pieces, neither of them aligned, and not the rest:
    who drops it whole loses most of a kernel's own memory."""
    tables = PageTables("x64")
    tables.map(0xFFFF_8000_0020_0000, 8 * MIB, 2 * MIB)
    first, second = b"a" * 5001, b"b" * 4095
    space = paged(tables, {8 * MIB + 3: first, 10 * MIB - 4095: second})
    span = Span(0xFFFF_8000_0020_0000, 2 * MIB)
    assert space.runs(span) == Runs.of([(3, 5001), (2 * MIB - 4095, 4095)])
    data = space.read(span).data.tobytes()
    assert data == bytes(3) + first + bytes(2 * MIB - 3 - 5001 - 4095) + second
    assert list(space.holes(span)) == [Absence.NOT_IN_FILE]


def test_a_page_of_a_gibibyte_on_four_mebibytes() -> None:
    tables = PageTables("x64-5")
    tables.map(GIB, 0, GIB)
    low = contents(0, MIB).tobytes()
    space = paged(tables, {0: low})
    held = MIB + len(tables.memory)
    assert space.runs(Span(GIB, GIB)) == Runs.of([(0, held)])
    assert space.read(Span(GIB + 12345, 5)).data.tobytes() == low[12345:12350]


def test_pse_36_reaches_above_4_gib() -> None:
    tables = PageTables("x86")
    tables.map(0xC000_0000, 0xAB_1240_0000, 4 * MIB)
    assert tables.word(0xC000_0000, 4 * MIB) == 0x1240_0000 | 0xAB << 13 | LARGE | 7
    space = paged(tables, {0xAB_1240_0000: b"far away"})
    assert space.read(Span(0xC000_0000, 8)).data.tobytes() == b"far away"


@pytest.mark.parametrize(
    ("cr3", "mode", "root"),
    [
        (0x1AD002, PagingMode.X64, 0x1AD000),  # a real crash dump of Windows: PCID 2
        (0x8000_0000_0010_0FFF, PagingMode.X64_5, 0x10_0000),  # bit 63: keep the TLB
        (0x3E6B_1A018, PagingMode.X86, 0x3E6B_1A000),
        (0x0034_0FE0, PagingMode.PAE, 0x34_0FE0),  # Windows: many of these tables in one page
        (0x0034_0FF8, PagingMode.PAE, 0x34_0FE0),
    ],
)
def test_the_flags_of_cr3_are_no_address(cr3: int, mode: PagingMode, root: int) -> None:
    assert Tables.of_register(cr3, mode) == Tables(root, mode, windows=False)


@pytest.mark.parametrize(
    ("mode", "size", "wrong"),
    [
        ("x86", 4 * MIB, 1 << 21),
        ("pae", 2 * MIB, 1 << 13),
        ("x64", 2 * MIB, 1 << 20),
        ("x64", GIB, 1 << 29),
        ("x64", GIB, 1 << 21),
        ("x64", 512 * GIB, LARGE),  # there are no pages of 512 GiB
        ("x64-5", 512 << 39, LARGE),
    ],
)
def test_what_the_processor_refuses_is_not_mapped(mode: str, size: int, wrong: int) -> None:
    """Reserved bits: a processor faults on them. So does whoever reads tables in a wrong way."""
    tables = PageTables(mode)
    tables.put(0, size, PRESENT | (LARGE if size <= GIB else 0))
    good = paged(tables, {0: b"x" * PAGE}).holes(Span(0, 1))
    assert Absence.NOT_MAPPED not in good
    tables.change(0, size, set=wrong)
    assert list(paged(tables, {0: b"x" * PAGE}).holes(Span(0, 1))) == [Absence.NOT_MAPPED]


def test_the_flags_of_a_large_page_are_no_address() -> None:
    tables = PageTables("x64")
    flags = PRESENT | USER | 0xF00 | 1 << 12 | 0x7FF << 52 | NO_EXECUTE  # PAT, protection key
    tables.map(2 * MIB, 8 * MIB, 2 * MIB, flags)
    tables.map(0x1000, 8 * MIB, PAGE, PRESENT | LARGE | 0xF00 | 0x7FF << 52 | NO_EXECUTE)
    space = paged(tables, {8 * MIB: b"page"})
    assert space.read(Span(2 * MIB, 4)).data.tobytes() == b"page"
    assert space.read(Span(0x1000, 4)).data.tobytes() == b"page"  # here LARGE is PAT


def test_pages_in_transition_are_there_for_windows_only() -> None:
    """MMPTE_TRANSITION: the page left its process but was not used for another yet."""
    tables = PageTables("x64")
    tables.put(0x1000, PAGE, 0x80_0000 | TRANSITION | 4 << 5)
    tables.put(0x2000, PAGE, 0x80_1000 | TRANSITION | PROTOTYPE)
    tables.put(0x3000, PAGE, 0x80_2000 | TRANSITION | 1 << 45 | 1 << 50)  # made useless for L1TF
    pieces = {0x80_0000: b"\1" * PAGE + b"\2" * PAGE + b"\3" * PAGE}
    span = Span(0x1000, 3 * PAGE)
    windows = paged(tables, pieces, windows=True)
    assert windows.read(span).data.tobytes() == b"\1" * PAGE + bytes(PAGE) + b"\3" * PAGE
    assert windows.holes(span) == {Absence.PAGED_OUT: Runs.of([(PAGE, PAGE)])}
    others = paged(tables, pieces)
    assert others.holes(span) == {Absence.PAGED_OUT: Runs.of([(0, 3 * PAGE)])}


def test_a_table_in_transition_is_followed() -> None:
    tables = PageTables("x64")
    tables.map(0x40_0000, 0x80_0000)
    tables.change(0x40_0000, 2 * MIB, clear=PRESENT | WRITE | USER, set=TRANSITION | 4 << 5)
    pieces = {0x80_0000: b"code"}
    assert paged(tables, pieces, windows=True).read(Span(0x40_0000, 4)).data.tobytes() == b"code"
    without = paged(tables, pieces).holes(Span(0, 8 * MIB))
    assert without[Absence.PAGED_OUT] == Runs.of([(4 * MIB, 2 * MIB)])


@pytest.mark.parametrize("mode", MODES)
def test_the_top_table_is_missing(mode: str) -> None:
    tables = Tables(0x5000, PagingMode(mode))
    physical = physical_memory({0: b"x" * PAGE})
    space = PagedSpace(physical, tables)
    whole = 1 << tables.mode.address_bits
    assert space.holes(Span(0, whole)) == {Absence.NOT_IN_FILE: Runs.of([(0, whole)])}
    assert space.runs(Span(0, whole)) == Runs.of([])
    if whole < 1 << 64:
        assert space.holes(Span(whole, PAGE)) == {Absence.NOT_MAPPED: Runs.of([(0, PAGE)])}
        assert walk(physical, tables, Span(whole, PAGE), limit=64).unreadable == Runs.of([])


def test_a_self_map_shows_the_tables_themselves() -> None:
    """Windows reaches its page tables through an entry of the top table that names that table."""
    tables = PageTables("x64")
    tables.map(0xFFFF_F800_0080_0000, 0x80_0000)
    slot = 0x1ED
    tables.put(slot << 39, 512 * GIB, tables.root | PRESENT | WRITE)
    space = paged(tables, {0x80_0000: b"hal"})
    word = 0xFFFF_0000_0000_0000 | slot << 39 | (0xFFFF_F800_0080_0000 >> 9 & 0x7F_FFFF_FFF8)
    entry = space.read(Span(word, 8)).data.tobytes()
    assert int.from_bytes(entry, "little") == 0x80_0000 | 7
    top = 0xFFFF_F6FB_7DBE_D000
    expected = bytes(tables.memory[:PAGE])
    assert space.read(Span(top, PAGE)).data.tobytes() == expected


def test_a_range_reads_only_the_tables_that_it_needs() -> None:
    """The module of the seed article, in a kernel of 20,000 pages: four tables, and its bytes."""
    tables = PageTables("x64", 1 << 20)
    start, size = 0xFFFF_F800_0080_0000, 0x5E000
    for page in range(20_000):
        tables.map(start - 0x80_0000 + page * PAGE, 0x100_0000 + page * PAGE)
    image = contents(0x180_0000, size).tobytes()
    physical = physical_memory({tables.base: bytes(tables.memory), 0x180_0000: image})
    space = PagedSpace(physical, Tables(tables.root, PagingMode.X64))
    memory = space.read(Span(start, size + 1))
    assert memory.data.tobytes() == image + b"\0"
    reads = reads_of(physical)
    assert len([read for read in reads if read[1] == PAGE]) == 4
    assert sum(size for _, size in reads) == 4 * PAGE + size
    space.read(Span(start + 77, 5))
    assert len(reads) == 6, "tables are read once"


def test_tables_may_lie_in_pieces() -> None:
    """As in an image whose ranges are not aligned."""
    tables = PageTables("x64")
    tables.map(0x1000, 0x80_0000)
    memory = bytes(tables.memory)
    cuts = [0, 1, 4097, 4098, 9000, 12_345, len(memory)]
    pieces = {tables.base + start: memory[start:end] for start, end in pairwise(cuts)}
    physical = physical_memory({**pieces, 0x80_0000: b"page"})
    space = PagedSpace(physical, Tables(tables.root, PagingMode.X64))
    assert space.read(Span(0x1000, 4)).data.tobytes() == b"page"

"""Rows that are written in a tool's form come back as the same spans."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.maps import MODULES, RENDERERS, VADINFO, memprocfs_modules
from memtiles.maps.importers import read_map
from memtiles.memory.span import Span

Spans = Sequence[tuple[int, int]]

PAGES = st.integers(1, (1 << 52) - 1)


@st.composite
def disjoint(draw: st.DrawFn) -> Spans:
    """Whole pages in address order, as (start, size), up to the last page of all."""
    edges = sorted(draw(st.sets(st.integers(0, 1 << 52), min_size=2, max_size=12)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [(start << 12, (end - start) << 12) for start, end in pairs]


def tick(value: int) -> str:
    return f"{value >> 32:08x}`{value & 0xFFFFFFFF:08x}"


def short_tick(value: int) -> str:
    return f"{value >> 32:x}`{value & 0xFFFFFFFF:08x}"


def lm(spans: Spans) -> str:
    header = "start             end                 module name\n"
    rows = [f"{tick(a)} {tick(a + n & (1 << 64) - 1)}   m{a:x}  (deferred)\n" for a, n in spans]
    return header + "".join(rows)


def windbg_address(spans: Spans) -> str:
    return "".join(
        f"+ {short_tick(a)} {short_tick(a + n & (1 << 64) - 1)} {short_tick(n)} "
        "MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE   <unknown>\n"
        for a, n in spans
    )


def paragraphs(spans: Spans) -> str:
    return "".join(f"  {tick(a)} - {tick(n)}\n    Usage  RegionUsageIsVAD\n" for a, n in spans)


def gdb(spans: Spans) -> str:
    return "".join(f"  {a:#x} {a + n:#x} {n:#x} 0x0 rw-p  \n" for a, n in spans)


def csv(spans: Spans) -> str:
    return "name,start,end\n" + "".join(f"m{a:x},{a:#x},{a + n:#x}\n" for a, n in spans)


def memprocfs(spans: Spans) -> str:
    return memprocfs_modules([(7, a, n, False, f"m{a:x}") for a, n in spans])


def volatility(form: str) -> Callable[[Spans], str]:
    def modules(spans: Spans) -> str:
        rows = [(0, a, n, f"m{a:x}", None, "Disabled") for a, n in spans]
        return RENDERERS[form]((MODULES[0], rows))

    return modules


def vadinfo(spans: Spans) -> str:
    rows = [
        (7, "p", 0, a, a + n - 1, "Vad", "PAGE_NOACCESS", 0, 1, 0, None, "Disabled")
        for a, n in spans
    ]
    return RENDERERS["csv"]((VADINFO[0], rows))


@pytest.mark.parametrize(
    "write",
    [lm, windbg_address, paragraphs, gdb, csv, memprocfs, vadinfo, *map(volatility, RENDERERS)],
)
@settings(max_examples=40, deadline=None)
@given(spans=disjoint())
def test_spans_come_back(write: Callable[[Spans], str], spans: Spans) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "map.txt")
        path.write_text(write(spans))
        read = read_map(path)
    assert [mapping.span for mapping in read.mappings] == [Span(*span) for span in spans]
    assert read.warnings == ()


@settings(max_examples=40, deadline=None)
@given(start=st.integers(0, (1 << 52) - 2), size=PAGES)
def test_a_mapping_of_linux_comes_back(start: int, size: int) -> None:
    size = min(size, (1 << 52) - 1 - start)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "map.txt")
        path.write_text(f"{start << 12:x}-{start + size << 12:x} rw-p 00000000 00:00 0 \n")
        (mapping,) = read_map(path).mappings
    assert mapping.span == Span(start << 12, size << 12)

"""Overlapping claims on addresses, resolved: ranges beat modules beat mappings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memtiles.maps.region import Region, cut_into_regions
from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.span import Span


def module(name: str, start: int, size: int) -> Module:
    return Module(name, f"/lib/{name}", Span(start, size))


def mapping(start: int, size: int, path: str = "", kind: Kind = Kind.ANONYMOUS) -> Mapping:
    return Mapping(Span(start, size), kind, path, "rw-p")


def rows(regions: tuple[Region, ...]) -> list[tuple[str, int, int]]:
    return [(region.name, region.span.start, region.span.end) for region in regions]


def test_a_range_cuts_a_module_and_the_rest_is_kept() -> None:
    found = cut_into_regions(
        [("text", Span(0x2000, 0x1000))], [module("libc.so", 0x1000, 0x4000)], [], "module"
    )
    assert rows(found.rows) == [
        ("libc.so", 0x1000, 0x2000),
        ("text", 0x2000, 0x3000),
        ("libc.so", 0x3000, 0x5000),
    ]
    assert found.report == (
        "libc.so 0x1000..0x5000 overlaps text: it keeps 0x1000..0x2000, 0x3000..0x5000",
    )
    assert all(region.module == module("libc.so", 0x1000, 0x4000) for region in found.rows)


def test_a_module_swallows_its_own_mappings_without_a_word() -> None:
    path = "/lib/libc.so"
    parts = [
        mapping(0x1000, 0x1000, path, Kind.MODULE),
        mapping(0x2000, 0x3000, path, Kind.MODULE),
    ]
    found = cut_into_regions([], [module("libc.so", 0x1000, 0x4000)], parts, "module")
    assert rows(found.rows) == [("libc.so", 0x1000, 0x5000)]
    assert found.report == ()


def test_grouped_by_mapping_each_mapping_is_a_region_of_its_module() -> None:
    path = "/lib/libc.so"
    parts = [
        mapping(0x1000, 0x1000, path, Kind.MODULE),
        mapping(0x3000, 0x2000, path, Kind.MODULE),
    ]
    found = cut_into_regions([], [module("libc.so", 0x1000, 0x4000)], parts, "mapping")
    assert rows(found.rows) == [
        ("libc.so", 0x1000, 0x2000),
        ("libc.so", 0x2000, 0x3000),
        ("libc.so", 0x3000, 0x5000),
    ]
    assert [region.protection for region in found.rows] == ["rw-p", None, "rw-p"]
    assert found.report == ()


def test_the_same_module_twice_as_in_wow64() -> None:
    twice = [module("fizzbuzz.exe", 0x1000, 0x1000), module("fizzbuzz.exe", 0x1000, 0x1000)]
    found = cut_into_regions([], twice, [], "module")
    assert rows(found.rows) == [("fizzbuzz.exe", 0x1000, 0x2000)]


def test_mappings_are_named_by_file_or_else_by_kind_and_address() -> None:
    found = cut_into_regions(
        [],
        [],
        [
            mapping(0x1000, 0x1000, r"C:\Windows\System32\ntdll.dll"),
            mapping(0x2000, 0x1000, "/tmp/x (deleted)"),
            mapping(0x7F00_0000, 0x1000),
        ],
        "module",
    )
    assert [name for name, _, _ in rows(found.rows)] == ["ntdll.dll", "x", "anonymous 0x7f000000"]


def test_a_map_names_the_dumps_own_modules_without_a_word() -> None:
    """An `lm` over a kernel dump: 151 drivers in both, under other names."""
    named, own = module("hal", 0x1000, 0x4000), module("hal.dll", 0x1000, 0x4000)
    found = cut_into_regions([], [named, own], [mapping(0x1000, 0x1000, "hal.dll")], "module")
    assert rows(found.rows) == [("hal", 0x1000, 0x5000)]
    assert found.report == ()


def test_what_is_no_path_keeps_its_slashes() -> None:
    stack = 'stack of thread 0x7 "kworker/0"'
    tag = "[anon:dalvik-/dev/ashmem]"
    mappings = [mapping(0x1000, 0x1000, stack, Kind.STACK), mapping(0x3000, 0x1000, tag)]
    found = cut_into_regions([], [], mappings, "module")
    assert [region.name for region in found.rows] == [stack, tag]


def test_thousands_of_modules_inside_one_another_are_told_in_a_hundred_lines() -> None:
    """A minidump of 464 KB can list them; cut one by one they took half a minute."""
    modules = [module(f"m{i}", i * 0x1000, (8001 - 2 * i) * 0x1000) for i in range(4000)]
    found = cut_into_regions([], modules, [], "module")
    assert rows(found.rows) == [("m0", 0, 8001 * 0x1000)]
    assert len(found.report) == 101
    assert found.report[-1] == "3899 more overlap others"


claims = st.lists(st.builds(Span, st.integers(0, 50), st.integers(1, 20)), max_size=6)


@given(claims, claims, claims)
def test_every_address_goes_to_the_first_claim_of_the_strongest_layer(
    ranges: list[Span], modules: list[Span], mappings: list[Span]
) -> None:
    found = cut_into_regions(
        [(f"range {i}", span) for i, span in enumerate(ranges)],
        [Module(f"module {i}", f"/{i}", span) for i, span in enumerate(modules)],
        [Mapping(span, Kind.HEAP, f"mapping {i}") for i, span in enumerate(mappings)],
        "module",
    )
    expected: dict[int, str] = {}
    for layer, spans in (("mapping", mappings), ("module", modules), ("range", ranges)):
        for number, span in reversed(list(enumerate(spans))):
            expected |= dict.fromkeys(range(span.start, span.end), f"{layer} {number}")
    owners = {
        address: region.name
        for region in found.rows
        for address in range(region.span.start, region.span.end)
    }
    assert owners == expected
    assert sum(region.span.size for region in found.rows) == len(expected)
    assert list(found.rows) == sorted(found.rows, key=lambda region: region.span)


@given(claims, claims)
def test_a_region_lies_in_the_module_that_starts_last(
    modules: list[Span], ranges: list[Span]
) -> None:
    listed = [Module(str(i), f"/{i}", span) for i, span in enumerate(modules)]
    found = cut_into_regions(
        [(str(i), span) for i, span in enumerate(ranges)], listed, [], "module"
    )
    for region in found.rows:
        if region.kind is Kind.RANGE:
            around = [one.span for one in listed if one.span.covers(ranges[int(region.name)])]
            home = region.module.span if region.module else None
            assert home == max(around, default=None)


def test_one_large_module_before_ten_thousand_small_ones() -> None:
    """Each mapping behind them is in the large one only: found without a look at all others."""
    small = [module(f"m{i}", 0x2000 + i * 0x100, 0x80) for i in range(10_000)]
    mappings = [mapping(0x8000_0000 + i * 0x2000, 0x1000) for i in range(10_000)]
    found = cut_into_regions([], [module("all", 0x1000, 1 << 32), *small], mappings, "mapping")
    assert len(found.rows) == 20_001
    homes = {
        region.module.name
        for region in found.rows
        if region.module and region.span.start >= 1 << 31
    }
    assert homes == {"all"}


def test_thirty_thousand_modules_that_overlap_in_a_staircase() -> None:
    modules = [module(f"m{i}", 0x10000 + i * 0x1000, 0xF000_0000) for i in range(30_000)]
    found = cut_into_regions([], modules[::-1], [], "module")
    assert len(found.rows) == 30_000
    assert found.report[0].startswith("m29998 0x753e000..0xf753e000 overlaps m29999: it keeps 0x7")
    assert found.report[-1] == "29899 more overlap others"

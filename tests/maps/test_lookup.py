"""Finding a region by name or address, and what is said where none or several are meant."""

from __future__ import annotations

import pytest

from memtiles.errors import UsageError
from memtiles.maps.lookup import find_region
from memtiles.memory.span import Span

REGIONS = [
    ("ntoskrnl.exe", Span(0x1000, 0x1000)),
    ("hal.dll", Span(0x2000, 0x800)),
    ("HAL.dll", Span(0x3000, 0x1000)),
    ("ntdll.dll", Span(0x5000, 0x1000)),
    ("ntdll.dll", Span(0xFFFF_F800_0080_0000, 0x1000)),
    ("0x2000", Span(0x8000, 0x1000)),
    ("win32k.sys", Span(0x9000, 0x1000)),
]


def refusal(text: str, regions: list[tuple[str, Span]] = REGIONS) -> str:
    with pytest.raises(UsageError) as caught:
        find_region(regions, text)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


def test_the_exact_name_comes_before_another_spelling_of_it() -> None:
    assert find_region(REGIONS, "hal.dll") == 1
    assert find_region(REGIONS, "HAL.dll") == 2
    assert find_region(REGIONS, "NtOsKrnl.EXE") == 0


def test_several_names_that_differ_in_case_only() -> None:
    assert refusal("Hal.dll") == (
        "2 regions are called 'Hal.dll'; give an address in it: 0x2000, 0x3000"
    )


def test_several_regions_of_one_name_are_told_by_their_addresses() -> None:
    assert refusal("ntdll.dll") == (
        "2 regions are called 'ntdll.dll'; give an address in it: 0x5000, 0xfffff80000800000"
    )


def test_no_more_than_five_addresses_are_listed() -> None:
    many = [("x", Span(0x1000 * number, 1)) for number in range(1, 9)]
    assert refusal("x", many).endswith("0x1000, 0x2000, 0x3000, 0x4000, 0x5000 and 3 more")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("0x1000", 0),
        ("0x1fff", 0),
        ("0X27FF", 1),
        ("0xfffff800`00800fff", 4),
    ],
)
def test_an_address_in_a_region(text: str, index: int) -> None:
    assert find_region(REGIONS, text) == index


def test_a_name_that_looks_like_an_address_is_a_name_first() -> None:
    assert find_region(REGIONS, "0x2000") == 5
    assert find_region(REGIONS, "0x2001") == 1


def test_an_address_without_0x_is_a_name() -> None:
    assert refusal("5000").startswith("no region is called '5000'; ")


def test_an_address_between_regions_tells_the_nearest() -> None:
    assert refusal("0x2810") == (
        "no region holds 0x2810; the nearest is 'hal.dll' at 0x2000..0x2800"
    )
    assert refusal("0x2ff0").endswith("the nearest is 'HAL.dll' at 0x3000..0x4000")
    assert refusal("0x1", []) == "no region holds 0x1; there are none"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("win32", "'win32k.sys'?"),
        ("ntoskrml.exe", "'ntoskrnl.exe'?"),
        ("NTDL.dll", "'ntdll.dll' or 'hal.dll'?"),
        ("nt", "'ntdll.dll' or 'ntoskrnl.exe'?"),
    ],
)
def test_near_names_are_suggested(text: str, near: str) -> None:
    assert refusal(text) == f"no region is called {text!r}; did you mean {near}"


def test_where_nothing_is_near_it_says_where_names_are_listed() -> None:
    assert "`memtiles info`" in refusal("zzzz")
    assert "`memtiles info`" in refusal("")
    assert "`memtiles info`" in refusal("anything", [])


def test_hostile_names_stay_on_one_line_and_end() -> None:
    endless = [("evil\n\x1b[2J\u202e" + "x" * 100_000, Span(0, 1)), ("evil" * 5000, Span(2, 1))]
    message = refusal("evil", endless)
    assert "\x1b" not in message
    assert "\u202e" not in message
    assert "…" in message
    assert refusal("a\nb" * 10_000, endless).startswith("no region is called 'a\\nb")
    assert find_region(endless, endless[0][0]) == 0

"""`--range` in all of WinDbg's forms: which bytes come out of a file of known ones."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.exported import Outcome, nothing_changes, refused
from memtiles.cli import run

BASE = 0xFFFF_F800_0080_0000
SIZE = 0x2000
# Each word is its own number, so that no two ranges have the same bytes.
RAMP = struct.pack(f"<{SIZE // 4}I", *range(SIZE // 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranges")
    (folder / "ramp.bin").write_bytes(RAMP)
    return folder


def extracted(folder: Path, text: str) -> bytes:
    raw = ["--format", "raw", "--base", hex(BASE), "--range", text, "--force"]
    assert run(["extract", str(folder / "ramp.bin"), str(folder / "out.bin"), *raw]) == 0
    return (folder / "out.bin").read_bytes()


# What is typed, first and last byte of the file that are meant.
FORMS = [
    ("fffff800`00800000 fffff800`00800fff", 0, 0xFFF),
    ("FFFFF800`00800000 FFFFF800`00800FFF", 0, 0xFFF),
    ("fffff80000800000 fffff80000800fff", 0, 0xFFF),
    ("fffff800`00800000 fffff80000800000", 0, 0),
    ("0xfffff800`00800010 0xfffff800`00800011", 0x10, 0x11),
    ("0Xfffff80000800010 0XFFFFF80000800011", 0x10, 0x11),
    ("  fffff80000800010\t fffff80000800011 ", 0x10, 0x11),
    ("fffff800`00800100 L20", 0x100, 0x11F),
    ("fffff800`00800100 l20", 0x100, 0x11F),
    ("fffff800`00800100 L 20", 0x100, 0x11F),
    ("fffff800`00800100 L0x20", 0x100, 0x11F),
    ("fffff800`00800100 L0n20", 0x100, 0x113),
    ("fffff800`00800100 L0t20", 0x100, 0x10F),
    ("fffff800`00800100 L0y101", 0x100, 0x104),
    ("fffff800`00800100 L?20", 0x100, 0x11F),
    ("fffff800`00800100 l?0N20", 0x100, 0x113),
    ("fffff800`00800100 L-20", 0xE0, 0xFF),
    ("fffff800`00800100 l-1", 0xFF, 0xFF),
    ("0n18446735277624918272 L10", 0x100, 0x10F),
    ("0t1777777600000040000400 L10", 0x100, 0x10F),
    (f"0y{BASE + 0x100:b} L10", 0x100, 0x10F),
    ("0xfffff80000800100..0xfffff80000800120", 0x100, 0x11F),
    ("0xfffff800`00800100 .. 0xfffff800`00800120", 0x100, 0x11F),
    ("0xfffff80000800100+0x20", 0x100, 0x11F),
    ("0XFFFFF80000800100 + 0X20", 0x100, 0x11F),
    ("fffff800`00800000 L2000", 0, SIZE - 1),
]


@pytest.mark.parametrize(("text", "first", "last"), FORMS)
def test_each_form(folder: Path, text: str, first: int, last: int) -> None:
    assert extracted(folder, text) == RAMP[first : last + 1]


@given(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))
@settings(deadline=None, max_examples=60)
def test_all_forms_mean_the_same(folder: Path, one: int, other: int) -> None:
    first, last = sorted((one, other))
    start, end, count = BASE + first, BASE + last, last + 1 - first
    for text in (
        f"{start:x} {end:x}",
        f"{start:x} L{count:x}",
        f"{start:x} L?0n{count}",
        f"{end + 1:x} L-{count:x}",
        f"{start:#x}..{end + 1:#x}",
        f"{start:#x}+{count:#x}",
    ):
        assert extracted(folder, text) == RAMP[first : last + 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty"]),
        ("fffff800`00800000", ["has no end"]),
        ("fffff800`00800001 fffff800`00800000", ["ends before it starts"]),
        ("fffff800`00800000 L0", ["is empty"]),
        ("0xfffff80000800000..0xfffff80000800000", ["is empty"]),
        ("fffff800`00800000 L?ffffffffffffffff", ["past the last address"]),
        ("ffffffff`ffffffff L2", ["past the last address", "at most 0x1 bytes"]),
        ("0xffffffffffffffff+0x2", ["past the last address"]),
        ("0x1+0x10000000000000000", ["past the last address"]),
        ("10 L-11", ["below address 0"]),
        ("ffffffff`ffffffff 1`00000000`00000000", ["misplaced backtick"]),
        ("fffff800`00800000 10000000000000000", ["17 digits"]),
        ("fffff800`00800000..fffff800`00800010", ["needs 0x"]),
        ("hal hal+10", ["needs 0x"]),
        ("hal L20", ["not a hex number"]),
        ("1000 L20\n2000 L20", ["not a hex number"]),
        ("\x1b[2J \x07", ["not a hex number"]),
        ("9" * 100_000 + " L1", ["digits"]),
    ],
)
@pytest.mark.parametrize("command", ["extract", "picture", "slice"])
def test_ranges_that_are_none(
    tmp_path: Path, command: str, text: str, words: list[str], call: Callable[..., Outcome]
) -> None:
    (tmp_path / "ramp.bin").write_bytes(RAMP)
    with nothing_changes(tmp_path):
        done = call(command, tmp_path / "ramp.bin", tmp_path / "out.bmp", "--range", text)
        refused(done, 2, "--range", *words)
    assert len(done.errors[0]) < 500


def test_a_range_is_needed_and_only_one(tmp_path: Path, call: Callable[..., Outcome]) -> None:
    (tmp_path / "ramp.bin").write_bytes(RAMP)
    with nothing_changes(tmp_path):
        dump, out = tmp_path / "ramp.bin", tmp_path / "out.bin"
        refused(call("extract", dump, out), 2, "--range", "--region")
        both = ["--range", "0 L1", "--region", "x"]
        refused(call("extract", dump, out, *both), 2, "--region", "--range")

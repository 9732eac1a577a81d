"""`info --preview`: the picture against the dump's bytes, and the terminal against the picture."""

from __future__ import annotations

import os
import random
import re
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.elf import Load, elf_core, nt_file
from builders.samples import sample
from memtiles.cli import run
from memtiles.memory.dump import Contents, Dump, Kind, Mapping
from memtiles.memory.formats import open_dump
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace, Memory, SpaceKind
from memtiles.memory.span import Span
from memtiles.preview import MOST_SAMPLES, Preview, make_preview
from sites import PAGE, made_up_process

HOLE = (0, 0, 95)


@dataclass(frozen=True)
class Cell:
    """A byte of the tape: its address, and its value or None where it is missing."""

    address: int
    value: int | None


def tape_of(loads: list[Load]) -> list[Cell]:
    """All addresses of segments in order, with each hole as long as it may be.

    Found by trying all lengths: whole pages or less than one, and together at most half of what is
    present.
    """
    ordered = sorted(loads, key=lambda load: load.vaddr)
    held = sum(len(load.data) for load in ordered)
    holes = [(load.memsz or 0) - len(load.data) for load in ordered if load.memsz is not None]
    longest = max(holes, default=0)
    if sum(holes) > held // 2:
        longest = max(n for n in range(longest) if sum(min(n, hole) for hole in holes) <= held // 2)
        longest -= longest % PAGE if longest > PAGE else 0
    tape = []
    for load in ordered:
        tape += [Cell(load.vaddr + at, value) for at, value in enumerate(load.data)]
        size = len(load.data) if load.memsz is None else load.memsz
        end = min(size, len(load.data) + longest)
        tape += [Cell(load.vaddr + at, None) for at in range(len(load.data), end)]
    return tape


def expected(cells: list[Cell]) -> int | None:
    """The mean, halves rounded up; None for a hole."""
    values = [cell.value for cell in cells if cell.value is not None]
    return floor(Fraction(sum(values), len(values)) + Fraction(1, 2)) if values else None


def pixel(preview: Preview, number: int) -> int | None:
    row, column = divmod(number, preview.greys.shape[1])
    return int(preview.greys[row, column]) if preview.present[row, column] else None


def preview_of(core: bytes, folder: Path, width: int, rows: int) -> Preview | None:
    path = folder / "x.core"
    path.write_bytes(core)
    with open_dump(path) as dump:
        return make_preview(dump, width, rows)


@st.composite
def memories(draw: st.DrawFn) -> list[Load]:
    loads, at = [], draw(st.integers(0, 1 << 47))
    for size in draw(st.lists(st.integers(0, 3000), min_size=1, max_size=8)):
        data = random.Random(draw(st.integers(0, 99))).randbytes(size)
        hole = draw(st.sampled_from([None, 0, 1, 700, 9000]))
        memsz = None if hole is None else size + hole
        if size or hole:
            loads.append(Load(at, data, memsz=memsz))
        at += size + (hole or 0) + draw(st.integers(0, 5000))
    return loads


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=memories(), width=st.integers(1, 20), lines=st.integers(1, 6))
def test_each_pixel_is_the_mean_of_its_bytes(
    loads: list[Load], width: int, lines: int, tmp_path: Path
) -> None:
    if not any(load.data for load in loads):
        return
    preview = preview_of(elf_core(loads), tmp_path, width, 2 * lines)
    tape = tape_of(loads)
    assert preview is not None
    size = preview.pixel_bytes
    if size > MOST_SAMPLES:
        return  # sampled: another test
    least = -(-len(tape) // (2 * width * lines))
    assert least <= size <= least * 9 / 8
    pixels = [tape[at : at + size] for at in range(0, len(tape), size)]
    assert preview.count == len(pixels)
    assert [pixel(preview, n) for n in range(len(pixels))] == list(map(expected, pixels))
    assert preview.greys.shape == preview.present.shape == (-(-len(pixels) // width), width)
    starts = [tape[at].address for at in range(0, len(tape), 2 * width * size)]
    assert [line.start for line in preview.lines] == starts
    begun = [
        {f"anonymous {load.vaddr:#x}" for load in loads if load.vaddr in addresses}
        for at in range(0, len(tape), 2 * width * size)
        for addresses in [{cell.address for cell in tape[at : at + 2 * width * size]}]
    ]
    assert [set(line.names) for line in preview.lines] == begun


def test_nothing_present_is_no_picture(tmp_path: Path) -> None:
    assert preview_of(elf_core([Load(0x1000, b"", memsz=1 << 50)]), tmp_path, 64, 48) is None


def test_a_hole_that_a_header_claims_is_as_large_as_half_of_what_is_there(tmp_path: Path) -> None:
    loads = [Load(0x10000, b"a" * 8 * PAGE), Load(1 << 60, b"b" * 8 * PAGE, memsz=1 << 59)]
    preview = preview_of(elf_core(loads), tmp_path, 32, 48)
    assert preview is not None
    assert preview.longest_hole == 8 * PAGE
    assert preview.count * preview.pixel_bytes >= 24 * PAGE
    assert int(preview.present.sum()) * preview.pixel_bytes == pytest.approx(16 * PAGE, rel=0.1)


class Endless(AddressSpace):
    """A TiB of memory in which each block has its own value, some of it gone when it is read."""

    kind = SpaceKind.VIRTUAL
    steady = False

    def __init__(self, span: Span, block: int, gone: set[int]) -> None:
        self._span, self._block, self._gone = span, block, gone
        self.read_bytes = 0

    def value(self, block: int) -> int:
        return block * 37 % 256

    def runs(self, span: Span) -> Runs:
        assert self._span.covers(span)
        return Runs.of([(0, span.size)])

    def read(self, span: Span) -> Memory:
        self.read_bytes += span.size
        assert self.read_bytes <= 64 << 20
        blocks = (np.arange(span.start, span.end) - self._span.start) // self._block
        data = np.array([self.value(int(block)) for block in blocks], np.uint8)
        there = [(at, 1) for at, block in enumerate(blocks) if int(block) not in self._gone]
        return Memory(data, Runs.of(there))


def test_a_large_dump_takes_no_more_reading() -> None:
    """Values of 2**28 bytes each: any sample of a pixel tells its value, none tells a hole's."""
    span = Span(0x10000, 1 << 40)
    gone = {0, 77, 78}
    space = Endless(span, 1 << 28, gone)
    contents = Contents((Mapping(span, Kind.ANONYMOUS),))
    dump = Dump("endless", "process", 1 << 40, (space,), lambda _: contents)
    preview = make_preview(dump, 64, 64)
    assert preview is not None
    assert preview.pixel_bytes == 1 << 28
    assert space.read_bytes <= 64 * 64 * MOST_SAMPLES
    assert [pixel(preview, number) for number in range(4096)] == [
        None if number in gone else space.value(number) for number in range(4096)
    ]


def test_a_sample_is_near_the_mean(tmp_path: Path) -> None:
    """Bytes of slowly growing value: no part of a pixel's bytes may be left out of its sample."""
    rng = np.random.default_rng(2007)
    data = (np.linspace(0, 200, 1 << 22) + rng.integers(0, 50, 1 << 22)).astype(np.uint8)
    preview = preview_of(elf_core([Load(0x1000, data.tobytes())]), tmp_path, 16, 8)
    assert preview is not None
    assert preview.pixel_bytes == (1 << 22) // 128 > MOST_SAMPLES
    means = data.reshape(8, 16, -1).mean(axis=2)
    # The mean of 1,024 of them is off by less than 6 * 14.4 / 32; halves are rounded.
    assert float(np.abs(preview.greys - means).max()) < 3.2


# In the terminal

SGR = re.compile(r"\x1b\[([0-9;]*)m")
Pixels = list[tuple[int, ...] | None]


@dataclass(frozen=True)
class Seen:
    """A line on the screen: text on the left and right, and two rows of colours between."""

    address: str
    above: Pixels
    below: Pixels
    names: str


def colour(codes: list[int]) -> dict[int, tuple[int, ...]]:
    """The foreground (38) and background (48) that an escape sequence sets."""
    found = {}
    while codes:
        first = codes.pop(0)
        if first in (38, 48):
            count = {2: 3, 5: 1}[codes.pop(0)]
            found[first] = tuple(codes[:count])
            del codes[:count]
        elif 30 <= first < 50 or 90 <= first < 110:  # one of 16 colours
            found[48 if first // 10 in (4, 10) else 38] = (first % 10 + 10 * (first >= 90),)
    return found


def seen(line: str) -> Seen:
    """Reads a line of the picture back as a terminal does."""
    text: list[str] = ["", ""]
    above: Pixels = []
    below: Pixels = []
    style: dict[int, tuple[int, ...]] = {}
    for number, part in enumerate(SGR.split(line)):
        if number % 2:
            style = colour([int(code or 0) for code in part.split(";")])
        elif style:
            assert set(part) <= {"▀", " "}
            above += [style[38] if "▀" in part else None] * len(part)
            below += [style.get(48)] * len(part)
        else:
            text[bool(above)] += part
    return Seen(text[0].strip(), above, below, text[1].strip())


def picture_lines(out: str) -> list[str]:
    """The lines that start with an address of WinDbg's, dimmed."""
    return re.findall(r"(?m)^\x1b\[2m *[0-9a-f`]+ .*$", out)


def environment(**more: str) -> dict[str, str]:
    """The environment of a terminal that rich knows nothing of but what is said."""
    named = ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TERM", "COLUMNS", "LINES", "TTY_COMPATIBLE")
    kept = {name: value for name, value in os.environ.items() if name not in named}
    return {**kept, "PYTHONIOENCODING": "utf-8", **more}


def info(dump: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "memtiles", "info", str(dump), "--preview"],
        env=environment(**more),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )


TRUE_COLOUR = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "100"}


@pytest.fixture
def core(tmp_path: Path) -> Path:
    path = tmp_path / "app.core"
    path.write_bytes(made_up_process()[0])
    return path


def check_against(dump: Path, lines: list[Seen], width: int) -> None:
    """Holds what is on the screen against the picture, which other tests hold against bytes."""
    with open_dump(dump) as opened:
        preview = make_preview(opened, width, 48)
        bits = opened.address_bits
    assert preview is not None
    colours: Pixels = [
        None if number >= preview.count else HOLE if grey is None else (grey, grey, grey)
        for number in range(2 * width * len(preview.lines))
        for grey in [pixel(preview, number) if number < preview.count else None]
    ]
    assert len(lines) == len(preview.lines)
    for number, (line, meant) in enumerate(zip(lines, preview.lines, strict=True)):
        digits = f"{meant.start:0{bits // 4}x}"
        assert line.address == (f"{digits[:-8]}`{digits[-8:]}" if bits == 64 else digits)
        rows = colours[2 * number * width : 2 * (number + 1) * width]
        assert line.above == [one for one in rows[:width] if one is not None]
        below = rows[width : width + len(line.above)]
        assert line.below == below
        if meant.names:
            name, _, others = line.names.partition(" +")
            assert meant.names[0].startswith(name.rstrip("…"))
            assert others == (str(len(meant.names) - 1) if len(meant.names) > 1 else "")
        else:
            assert line.names == ""


def test_the_screen_shows_the_picture(core: Path) -> None:
    done = info(core, FORCE_COLOR="1", **TRUE_COLOUR)
    assert done.stderr == ""
    check_against(core, [seen(line) for line in picture_lines(done.stdout)], 64)
    assert "not in the dump" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "name", ["rz_core-linux-x86", "dotnet_triagedump.xz", "gen_qemu_linux61_80M.elf.xz"]
)
def test_real_cores(name: str) -> None:
    path = sample(name)
    done = info(path, FORCE_COLOR="1", **TRUE_COLOUR)
    check_against(path, [seen(line) for line in picture_lines(done.stdout)], 64)


def test_bytes_on_the_screen(tmp_path: Path) -> None:
    """From the file to the screen: a region of few bytes is one pixel a byte."""
    data = bytes(range(256)) * 3
    (tmp_path / "x.core").write_bytes(elf_core([Load(0x7FFF_0000_0000, data)]))
    done = info(tmp_path / "x.core", FORCE_COLOR="1", **TRUE_COLOUR)
    lines = [seen(line) for line in picture_lines(done.stdout)]
    assert [line.address for line in lines] == [f"00007fff`{at:08x}" for at in range(0, 768, 128)]
    pixels = [one for line in lines for one in (*line.above, *line.below)]
    assert pixels == [(value, value, value) for value in data]
    assert lines[0].names == "anonymous 0x7fff00000000"[:16] + "…"
    assert "not in the dump" not in done.stdout
    assert "1 byte\n" in SGR.sub("", done.stdout)


@pytest.mark.parametrize("term", ["xterm-256color", "xterm"])
def test_a_hole_is_no_grey_where_there_are_few_colours(term: str, tmp_path: Path) -> None:
    """256 of them, or 16."""
    loads = [Load(0x1000, bytes(range(256)), memsz=256 + 128)]
    (tmp_path / "x.core").write_bytes(elf_core(loads))
    done = info(tmp_path / "x.core", FORCE_COLOR="1", TERM=term, COLUMNS="100")
    lines = [seen(line) for line in picture_lines(done.stdout)]
    pixels = [one for line in lines for one in (*line.above, *line.below)]
    holes = set(pixels[256:])
    assert len(pixels) == 384
    assert len(holes) == 1
    assert not holes & set(pixels[:256])


def in_a_terminal(dump: Path, columns: int, **more: str) -> tuple[str, int]:
    """What is written to a terminal of that width, and the exit code."""
    pty = pytest.importorskip("pty", reason="not run: this system has no pseudo-terminals")
    fcntl = pytest.importorskip("fcntl")
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "memtiles", "info", str(dump), "--preview"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**more)
    ) as child:
        os.close(theirs)
        written = b""
        # Linux says EIO when the last writer is gone, others an empty read.
        with suppress(OSError):
            while piece := os.read(ours, 65_536):
                written += piece
        code = child.wait()
    os.close(ours)
    return written.decode().replace("\r\n", "\n"), code


@pytest.mark.parametrize(("columns", "width"), [(40, 16), (80, 48), (100, 64), (300, 64)])
def test_it_fits_the_terminal(core: Path, columns: int, width: int) -> None:
    out, code = in_a_terminal(core, columns, TERM="xterm-256color", COLORTERM="truecolor")
    assert code == 0
    lines = picture_lines(out)
    assert {len(seen(line).above) for line in lines[:-1]} == {width}
    assert max(len(SGR.sub("", line)) for line in lines) <= min(columns, 100)
    check_against(core, [seen(line) for line in lines], width)


@pytest.mark.parametrize(
    "more", [{"TERM": "dumb"}, {"TERM": "xterm-256color", "NO_COLOR": "1"}], ids=["dumb", "no"]
)
def test_a_terminal_without_colours(core: Path, more: dict[str, str]) -> None:
    out, code = in_a_terminal(core, 100, **more)
    assert code == 0
    assert "libmade.so.6" in out
    assert out.count("note: no preview: ") == 1
    assert "▀" not in out


def test_where_nothing_can_be_seen_it_says_why(core: Path, tmp_path: Path) -> None:
    (tmp_path / "holes.core").write_bytes(elf_core([Load(0x1000, b"", memsz=PAGE)]))
    colours = {"FORCE_COLOR": "1", **TRUE_COLOUR}
    for done in (
        info(core),
        info(core, NO_COLOR="1", **colours),
        info(core, **{**colours, "PYTHONIOENCODING": "latin-1"}),
        info(tmp_path / "holes.core", **colours),
    ):
        assert re.fullmatch("note: no preview: .*\n", done.stderr)
        assert "▀" not in done.stdout
        assert " regions\n" in done.stdout or " region\n" in done.stdout


def test_it_is_not_for_programs(core: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(core), "--json", "--preview"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    evil = b"/lib/\x1b]0;owned\x07\x1b[2J\xe2\x80\xae.so"
    files = nt_file([(0x1000, 0x2000, 0, evil)])
    (tmp_path / "evil.core").write_bytes(elf_core([Load(0x1000, bytes(PAGE), flags=5)], files))
    done = info(tmp_path / "evil.core", FORCE_COLOR="1", **TRUE_COLOUR)
    assert {char for char in SGR.sub("", done.stdout) if not char.isprintable()} == {"\n"}
    assert any("owned" in line for line in picture_lines(done.stdout))

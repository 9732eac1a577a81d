"""Rendering side by side, and without reading what is known: against a slow computation here."""

from __future__ import annotations

import hashlib
import os
import signal
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.errors import DamageError, DumpError
from memtiles.memory.formats import open_dump
from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.memory.space import AddressSpace, Memory, SpaceKind
from memtiles.memory.span import Span
from memtiles.pictures.digest import BLAKE3, SHA256
from memtiles.pictures.layout import geometry
from memtiles.pictures.raster import BmpRaster
from memtiles.pictures.render import Rendered, digests_of, render

MIB = 1 << 20
START = 0x7FFF_F000_1000
JOBS = [1, 2, 8]
BOTH = (SHA256, BLAKE3)
HEADER = 54  # of a BMP of 32 bits

Bytes = npt.NDArray[np.uint8]


class Made(AddressSpace):
    """A region at START whose pieces are known; it counts how it is read."""

    kind = SpaceKind.VIRTUAL

    def __init__(self, data: Bytes, runs: Runs, zeros: Runs = NO_RUNS) -> None:
        self.data = data
        self._runs, self._zeros = runs, zeros
        self.reads: list[tuple[int, int]] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def runs(self, span: Span) -> Runs:
        return self._runs.clip(span.start - START, span.size)

    def zeros(self, span: Span) -> Runs:
        return self._zeros.clip(span.start - START, span.size)

    def read(self, span: Span) -> Memory:
        with self._lock:
            self.reads.append((span.start - START, span.size))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.reading(span.start - START)
            start = span.start - START
            return Memory(self.data[start : start + span.size].copy(), self.runs(span))
        finally:
            with self._lock:
                self.at_once -= 1

    def reading(self, offset: int) -> None:
        """What else happens while an offset is read."""


def region_of(*pieces: tuple[str, int]) -> Made:
    """Pieces one after the other: data, zeros, zeros that are known, holes."""
    size = sum(length for _, length in pieces)
    data = np.zeros(size, np.uint8)
    runs, zeros = [], []
    at = 0
    for kind, length in pieces:
        if kind == "data":
            data[at : at + length] = np.arange(at, at + length) % 251
        if kind != "hole":
            runs.append((at, length))
        if kind == "known":
            zeros.append((at, length))
        at += length
    return Made(data, Runs.of(runs), Runs.of(zeros))


def slow_digest(space: Made, new: Callable[[bytes], Any] = hashlib.sha256) -> str:
    """As docs/manifest.md has it, byte by byte as far as numpy lets us."""
    size = len(space.data)
    present = space.runs(Span(START, size)).mask(0, size)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present, [0]]).astype(np.int8)))
    pieces = ",".join(f'["{a:#x}","{b - a:#x}"]' for a, b in edges.reshape(-1, 2).tolist())
    text = f'{{"version":1,"size":"{size:#x}","runs":[{pieces}]}}'.encode()
    for start in range(0, size, MIB):
        block = space.data[start : start + MIB][present[start : start + MIB]]
        text += new(block.tobytes()).digest()
    return str(new(text).hexdigest())


def rendered(
    space: Made, folder: Path, jobs: int, advance: Callable[[int], object] = lambda _: None,
    raster_limit: int = 1 << 31,
) -> Rendered:  # fmt: skip
    size = len(space.data)
    shape = geometry("rows", 32, size)
    folder.mkdir()
    return render(space, Span(START, size), shape, folder, jobs, advance, raster_limit, BOTH)


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


near_mib = st.builds(
    lambda mib, off: max(1, mib * MIB + off), st.integers(0, 5), st.integers(-2, 2)
)
pieces = st.lists(
    st.tuples(
        st.sampled_from(["data", "zero", "known", "known", "hole", "hole"]),
        st.one_of(near_mib, st.integers(1, 200_000)),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(pieces, st.sampled_from([1 << 31, 3 << 20, 200_000]))
def test_any_region_at_any_jobs(cut: list[tuple[str, int]], raster_limit: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        first: dict[str, bytes] = {}
        for jobs in JOBS:
            space = region_of(*cut)
            size = len(space.data)
            told: list[int] = []
            made = rendered(space, Path(name, f"{jobs}"), jobs, told.append, raster_limit)
            assert made.digests == (slow_digest(space), slow_digest(space, blake3))
            assert made.runs == space.runs(Span(START, size))
            assert sum(told) == size
            assert space.most_at_once <= jobs
            assert digests_of(space, Span(START, size), jobs, hashes=BOTH) == made.digests
            found = content(Path(name, f"{jobs}"))
            assert found == (first or found)
            first = found
            raster = b"".join(found[part.file][HEADER:] for part in made.bmp)
            assert raster[:size] == space.data.tobytes()
            assert not any(raster[size:])
            _check_zeros(Path(name, f"{jobs}"), made)


def _check_zeros(folder: Path, made: Rendered) -> None:
    raster = BmpRaster(folder, made.shape, made.bmp, made.runs)
    assert raster.zeros.within(made.runs) == raster.zeros
    for start, size in raster.zeros:
        assert not raster.read(start, size).data.any()


def test_only_what_is_not_known_is_read(tmp_path: Path) -> None:
    """Whole MiBs are left out, counted from the region's start, and nothing else."""
    space = region_of(
        ("data", 10), ("hole", 3 * MIB), ("data", 20), ("known", 9 * MIB), ("data", 1)
    )
    rendered(space, tmp_path / "out", 2)
    assert sorted(space.reads) == [(0, MIB), (3 * MIB, MIB), (12 * MIB, 31)]
    untouched = region_of(("hole", 8 * MIB), ("known", 8 * MIB))
    rendered(untouched, tmp_path / "other", 2)
    assert untouched.reads == []


def test_small_regions_start_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise AssertionError("a thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    rendered(region_of(("data", 4 * MIB)), tmp_path / "out", 8)
    with pytest.raises(AssertionError, match="a thread"):
        rendered(region_of(("data", 4 * MIB + 1)), tmp_path / "other", 8)


def test_systems_without_pwrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = region_of(("data", 20 * MIB), ("zero", MIB), ("data", 70_000))
    rendered(space, tmp_path / "one", 8, raster_limit=7 * MIB)
    monkeypatch.delattr(os, "pwrite", raising=False)
    rendered(space, tmp_path / "other", 8, raster_limit=7 * MIB)
    assert content(tmp_path / "one") == content(tmp_path / "other")


def test_a_disk_that_takes_less_than_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = region_of(("data", 5 * MIB))
    rendered(space, tmp_path / "one", 2)
    if not hasattr(os, "pwrite"):
        pytest.skip("no pwrite here")
    really = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: really(fd, data[:100_000], at))
    rendered(space, tmp_path / "other", 2)
    assert content(tmp_path / "one") == content(tmp_path / "other")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="/proc tells what is open")
def test_few_parts_are_open_at_a_time(tmp_path: Path) -> None:
    def count(_: int) -> None:
        opened.append(sum("region." in name for name in _open_files()))

    opened: list[int] = []
    made = rendered(region_of(("data", 64 * MIB)), tmp_path / "out", 1, count, MIB)
    assert len(made.bmp) == 64
    # A thread takes 4 MiB, which may begin within a part.
    assert max(opened) <= 5


def _open_files() -> Iterator[str]:
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself is gone
            yield os.fspath(link.readlink())


@pytest.mark.parametrize("jobs", JOBS)
def test_an_error_while_reading(tmp_path: Path, jobs: int) -> None:
    def fail(offset: int) -> None:
        if offset == 9 * MIB:
            raise DumpError("wanted 5 bytes, got 4")

    space = region_of(("data", 30 * MIB))
    space.reading = fail  # type: ignore[method-assign]
    before = threading.enumerate()
    with pytest.raises(DumpError, match="wanted 5 bytes, got 4"):
        rendered(space, tmp_path / "out", jobs)
    with pytest.raises(DumpError, match="wanted 5 bytes, got 4"):
        digests_of(space, Span(START, len(space.data)), jobs)
    assert threading.enumerate() == before


def test_of_two_errors_the_first_of_the_region(tmp_path: Path) -> None:
    later = threading.Event()

    def fail(offset: int) -> None:
        if offset == 4 * MIB:
            later.set()
            raise DumpError("the later one")
        later.wait()
        raise DumpError("the first one")

    space = region_of(("data", 8 * MIB))
    space.reading = fail  # type: ignore[method-assign]
    with pytest.raises(DumpError, match="the first one"):
        rendered(space, tmp_path / "out", 2)


@pytest.mark.parametrize("jobs", JOBS)
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    if not hasattr(os, "pwrite"):
        pytest.skip("no pwrite here")
    monkeypatch.setattr(os, "pwrite", full)
    before = threading.enumerate()
    with pytest.raises(OSError, match="No space left"):
        rendered(region_of(("data", 30 * MIB)), tmp_path / "out", jobs)
    assert threading.enumerate() == before


class Endless(Made):
    """Gigabytes of ones that need no memory."""

    def __init__(self) -> None:
        super().__init__(np.broadcast_to(np.uint8(1), 1 << 34), Runs.of([(0, 1 << 34)]))


@pytest.mark.skipif(os.name == "nt", reason="no such signal can be sent there")
@pytest.mark.parametrize("jobs", JOBS)
def test_an_interrupt_stops_all_threads(tmp_path: Path, jobs: int) -> None:
    def interrupt(offset: int) -> None:
        if offset == 99 * MIB:
            os.kill(os.getpid(), signal.SIGINT)

    space = Endless()
    space.reading = interrupt  # type: ignore[method-assign]
    before = threading.enumerate()
    with pytest.raises(KeyboardInterrupt):
        rendered(space, tmp_path / "out", jobs)
    assert threading.enumerate() == before
    assert len(space.reads) < 400  # of 16,384
    assert space.at_once == 0


def test_an_error_of_the_caller_stops_all_threads(tmp_path: Path) -> None:
    def advance(_: int) -> None:
        raise DumpError("enough")

    before = threading.enumerate()
    with pytest.raises(DumpError, match="enough"):
        rendered(Endless(), tmp_path / "out", 4, advance)
    assert threading.enumerate() == before


def has_holes(folder: Path) -> bool:
    probe = folder / "probe"
    with probe.open("wb") as file:
        file.truncate(8 * MIB)
    return hasattr(os, "SEEK_HOLE") and probe.stat().st_blocks == 0


def test_a_tebibyte_of_holes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four KiB of data in 1 TiB: one MiB is read; 65,280 of 2**24 rows fit a BMP."""
    if not has_holes(tmp_path):
        pytest.skip("this file system has no holes in files")
    page = bytes(range(256)) * 16
    dump_file, out = tmp_path / "sparse", tmp_path / "out"
    with dump_file.open("wb") as file:
        file.seek((1 << 39) + 5 * 4096)
        file.write(page)
        file.truncate(1 << 40)
    out.mkdir()
    span = Span(0, 1 << 40)
    told: list[int] = []
    with open_dump(dump_file, "raw") as dump:
        space = dump.spaces[0]
        read = space.read
        reads: list[Span] = []
        monkeypatch.setattr(space, "read", lambda one: (reads.append(one), read(one))[1])
        made = render(space, span, geometry("rows", 32, span.size), out, 2, told.append)
        assert reads == [Span(1 << 39, MIB)]
        assert digests_of(space, span, 2) == made.digests
    assert sum(told) == span.size
    zero = hashlib.sha256(bytes(MIB)).digest()
    block = bytes(5 * 4096) + page + bytes(MIB - 6 * 4096)
    expected = hashlib.sha256(
        b'{"version":1,"size":"0x10000000000","runs":[["0x0","0x10000000000"]]}'
        + zero * (1 << 19) + hashlib.sha256(block).digest() + zero * ((1 << 19) - 1)
    )  # fmt: skip
    assert made.digests == (expected.hexdigest(),)
    files = sorted(out.glob("*.bmp"))
    assert len(files) == len(made.bmp) == 258
    assert sum(file.stat().st_blocks for file in files) * 512 < 4 * MIB
    for part, file in zip(made.bmp, files, strict=True):
        assert file.stat().st_size == part.size
        with file.open("rb") as opened:
            assert struct.unpack("<2sI", opened.read(6)) == (b"BM", part.size)
    raster = BmpRaster(out, made.shape, made.bmp, made.runs)
    assert raster.stored((1 << 39) + 5 * 4096 - 9, 4096 + 18).tobytes() == bytes(9) + page + bytes(
        9
    )
    assert (1 << 40) - raster.zeros.total < 64 * MIB
    assert raster.zeros.clip((1 << 39) + 5 * 4096, 4096) == NO_RUNS


def test_what_a_cut_bmp_lacks_is_not_zeros(tmp_path: Path) -> None:
    if not has_holes(tmp_path):
        pytest.skip("this file system has no holes in files")
    made = rendered(region_of(("zero", 16 * MIB)), tmp_path / "out", 1)
    file = tmp_path / "out" / "region.bmp"
    whole = BmpRaster(tmp_path / "out", made.shape, made.bmp, made.runs).zeros
    assert whole.total > 15 * MIB
    os.truncate(file, 8 * MIB)
    cut = BmpRaster(tmp_path / "out", made.shape, made.bmp, made.runs).zeros
    assert cut == whole.clip(0, 8 * MIB - HEADER)
    file.unlink()
    with pytest.raises(DamageError, match="No such file"):
        _ = BmpRaster(tmp_path / "out", made.shape, made.bmp, made.runs).zeros


def test_holes_of_a_region_are_not_zeros_of_it(tmp_path: Path) -> None:
    made = rendered(region_of(("zero", 3 * MIB), ("hole", 9 * MIB)), tmp_path / "out", 1)
    raster = BmpRaster(tmp_path / "out", made.shape, made.bmp, made.runs)
    assert raster.zeros.clip(3 * MIB, 9 * MIB) == NO_RUNS

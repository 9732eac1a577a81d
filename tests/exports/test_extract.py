"""`memtiles extract`: the bytes of a range, its holes, and what is said about both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders.elf import Load, elf_core
from builders.samples import ELF_CORES, sample
from exports.exported import Outcome, held, noise, nothing_changes, refused
from memtiles.cli import run
from sites import PAGE, made_up_process
from test_real_dumps import unpacked

PROGRAM = 0x55_5555_554000
PAGES = 0x60_0000_0000
LIBRARY = 0x7FFF_F7A0_0000
TOP = 0xFFFF_FFFF_FF60_0000


def written(hex_size: str, size: str, missing: str, how: str = "") -> list[str]:
    """What is printed, the first line in the words of WinDbg's .writemem."""
    return [f"Writing {hex_size} bytes...", f"{size} bytes written, {missing} in holes{how}"]


def test_the_range_of_the_seed(tmp_path: Path, call: Callable[..., Outcome]) -> None:
    data = noise(0x5E001 + 5000)
    (tmp_path / "dump.bin").write_bytes(data)
    raw = ["--format", "raw", "--base", "fffff800`00800000"]
    seed = ["--range", "fffff800`00800000 fffff800`0085e000"]
    done = call("extract", tmp_path / "dump.bin", tmp_path / "hal.bin", *raw, *seed)
    assert (done.code, done.errors) == (0, [])
    assert done.out.splitlines() == written("5e001", "385,025", "0")
    assert (tmp_path / "hal.bin").read_bytes() == data[:0x5E001]


@pytest.mark.parametrize(
    ("where", "start", "size"),
    [
        ("no hole", LIBRARY + 123, 400_000),
        ("hole at the start", PAGES - PAGE - 77, PAGE + 200),
        ("hole in the middle", PAGES + 100, 2 * PAGE + 5),
        ("hole at the end", PAGES + PAGE - 9, 500),
        ("holes everywhere", PAGES - 3 * PAGE, 45 * PAGE),
        ("a segment that was dumped in part", PROGRAM + 3 * PAGE, 5 * PAGE),
        ("one byte", PROGRAM, 1),
        ("the last page of memory but 1", TOP - 10, PAGE + 20),
        ("a long hole", LIBRARY, 250 * PAGE),
    ],
)
def test_holes(core: Path, where: str, start: int, size: int, call: Callable[..., Outcome]) -> None:
    data, present = held(made_up_process()[1], start, size)
    missing = size - int(present.sum())
    assert (missing == 0) == (where in ("no hole", "one byte"))
    out = core.parent / "out.bin"
    chosen = ["--range", f"{start:x} L{size:x}"]
    for how in ([], ["--holes", "zero"]):
        done = call("extract", core, out, "--force", *chosen, *how)
        assert (done.code, done.errors) == (0, [])
        assert out.read_bytes() == data.tobytes()
        assert done.out.splitlines() == written(f"{size:x}", f"{size:,}", f"{missing:,}")
    done = call("extract", core, out, "--force", *chosen, "--holes", "skip")
    assert (done.code, done.errors) == (0, [])
    assert out.read_bytes() == data[present == 1].tobytes()
    left = size - missing
    assert done.out.splitlines() == written(f"{left:x}", f"{left:,}", f"{missing:,}", " left out")
    out.unlink()
    done = call("extract", core, out, *chosen, "--holes", "error")
    if not missing:
        assert done.code == 0
        assert out.read_bytes() == data.tobytes()
        return
    first = start + int((present == 0).argmax())
    refused(done, 3, f"{missing:,} bytes of", f"the first at {first:#x}", "--holes zero or skip")
    assert [path.name for path in core.parent.iterdir()] == [core.name]


LOADS = [
    Load(0x1000, noise(700, 1)),
    Load(0x1300, noise(900, 2), memsz=2000),
    Load(0x1B00, noise(1, 3)),
    Load(0x1B02, noise(60, 4)),
]
FIRST, SIZE = 0xF00, 0xD00


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A core of few bytes with holes of all sizes."""
    path = tmp_path_factory.mktemp("ramp") / "ramp.core"
    path.write_bytes(elf_core(LOADS))
    return path


def byte(address: int) -> int | None:
    """What the core holds at an address; where segments overlap, the first has the say."""
    for load in LOADS:
        if 0 <= address - load.vaddr < len(load.data):
            return load.data[address - load.vaddr]
    return None


@given(st.integers(FIRST, FIRST + SIZE), st.integers(1, SIZE), st.sampled_from(["zero", "skip"]))
@example(FIRST, SIZE, "zero")
@example(FIRST, SIZE, "skip")
@settings(deadline=None)
def test_any_range_with_any_holes(ramp: Path, start: int, size: int, holes: str) -> None:
    values = [byte(address) for address in range(start, start + size)]
    out = ramp.parent / "out.bin"
    chosen = ["--range", f"{start:#x}+{size:#x}", "--holes", holes, "--force"]
    code = run(["extract", str(ramp), str(out), *chosen])
    if set(values) == {None}:
        assert code == 3
        return
    assert code == 0
    wanted = [0 if value is None else value for value in values]
    if holes == "skip":
        wanted = [value for value in values if value is not None]
    assert out.read_bytes() == bytes(wanted)


def test_a_region(core: Path, call: Callable[..., Outcome]) -> None:
    out = core.parent / "out.bin"
    for name in ("libmade.so.6", "LIBMADE.SO.6", "0x7ffff7a12345"):
        assert call("extract", core, out, "--force", "--region", name).code == 0
        assert out.read_bytes() == held(made_up_process()[1], LIBRARY, 184 * PAGE)[0].tobytes()


# ------------------------------------------------------------------------------------ real cores


@pytest.mark.parametrize("name", ELF_CORES)
def test_segments_as_pyelftools_reads_them(
    name: str, tmp_path: Path, call: Callable[..., Outcome]
) -> None:
    """Each whole segment that the core holds bytes of: those bytes, and then zeros."""
    path = sample(name)
    elf = ELFFile(BytesIO(unpacked(path)))
    segments = [
        (one["p_vaddr"], one["p_paddr"], one["p_memsz"], one.data())
        for one in elf.iter_segments("PT_LOAD")
        if one["p_filesz"]
    ]
    # The segments of a machine are those of its physical memory.
    physical = name.startswith("gen_")
    space = ["--space", "physical" if physical else "virtual"]
    # A packed core is unpacked each time.
    step = max(1, len(segments) // (3 if path.suffix == ".xz" else 25))
    out = tmp_path / "out.bin"
    for vaddr, paddr, memory, data in segments[::step]:
        start = paddr if physical else vaddr
        assert (
            call("extract", path, out, "--force", "--range", f"{start:#x}+{memory:#x}", *space).code
            == 0
        )
        assert out.read_bytes() == data.ljust(memory, b"\0")
        some = ["--range", f"{start:#x}+{len(data):#x}", "--holes", "error"]
        done = call("extract", path, out, "--force", *some, *space)
        assert (done.code, done.errors) == (0, [])
        assert out.read_bytes() == data


# -------------------------------------------------------------------------------- live processes

CHILD = """
import ctypes, mmap, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                      ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.prctl(0x59616D61, ctypes.c_long(-1), 0, 0, 0)  # PR_SET_PTRACER: anybody
page = mmap.PAGESIZE
area = libc.mmap(None, 8 * page, 3, 0x22, -1, 0)
ctypes.memmove(area, bytes((i * 7 + i // page) % 255 + 1 for i in range(8 * page)), 8 * page)
libc.mprotect(area + 3 * page, 2 * page, 0)
print(area, page, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def process() -> Iterator[tuple[int, int, int]]:
    """A running process: its number, the address of eight pages, the size of one.

    The fourth and the fifth may not be read by anybody: holes.
    """
    if sys.platform != "linux":
        pytest.skip("live processes are read on Linux only")
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        area, page = map(int, child.stdout.readline().split())
        yield child.pid, area, page
        child.kill()


def test_a_live_process(
    tmp_path: Path, process: tuple[int, int, int], call: Callable[..., Outcome]
) -> None:
    pid, area, page = process
    wanted = bytes((i * 7 + i // page) % 255 + 1 for i in range(8 * page))
    out = tmp_path / "out.bin"
    chosen = ["--range", f"{area:x} L{8 * page:x}"]
    done = call("extract", f"pid:{pid}", out, *chosen)
    assert (done.code, done.errors) == (0, [])
    hole = slice(3 * page, 5 * page)
    zeroed = wanted[: hole.start] + bytes(2 * page) + wanted[hole.stop :]
    assert out.read_bytes() == zeroed
    size, missing = 8 * page, 2 * page
    assert done.out.splitlines() == written(f"{size:x}", f"{size:,}", f"{missing:,}")
    assert call("extract", f"pid:{pid}", out, *chosen, "--force", "--holes", "skip").code == 0
    assert out.read_bytes() == wanted[: hole.start] + wanted[hole.stop :]
    with nothing_changes(tmp_path):
        error = call("extract", f"pid:{pid}", out, *chosen, "--force", "--holes", "error")
        refused(error, 3, f"the first at {area + 3 * page:#x}")
    by_address = ["--region", f"{area:#x}", "--holes", "skip"]
    assert call("extract", f"pid:{pid}", out, *by_address, "--force").code == 0
    assert wanted[: hole.start] in out.read_bytes()
    start = ["--range", f"{area:x} L{3 * page:x}", "--bits", "8"]
    assert call("picture", f"pid:{pid}", tmp_path / "out.bmp", *start).code == 0
    assert (tmp_path / "out.bmp").read_bytes()[1078:] == wanted[: hole.start]


def test_a_process_is_no_file(
    tmp_path: Path, process: tuple[int, int, int], call: Callable[..., Outcome]
) -> None:
    pid = process[0]
    with nothing_changes(tmp_path):
        for kind in ("picture", "slice"):
            refused(call(kind, f"pid:{pid}", tmp_path / "out.bmp"), 2, "--region or --range")
        out = tmp_path / "out.bin"
        for option in (["--format", "raw"], ["--base", "0"]):
            done = call("extract", f"pid:{pid}", out, "--range", "0 L1", *option)
            refused(done, 2, f"pid:{pid}")
        refused(call("extract", "pid:4194305", out, "--range", "0 L1"), 3, "4194305")

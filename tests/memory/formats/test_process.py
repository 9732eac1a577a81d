"""Live child processes that make mappings by libc's mmap and say where; and faked answers of the
kernel where no real process gives them."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from memtiles.errors import DumpError
from memtiles.memory.dump import Dump, Kind
from memtiles.memory.formats import open_process, process
from memtiles.memory.runs import Runs
from memtiles.memory.span import Span

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="live processes: Linux only")

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
CHILD = """
import ctypes, mmap, sys, tempfile
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                      ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.prctl(0x59616D61, ctypes.c_long(-1), 0, 0, 0)  # PR_SET_PTRACER: anybody
page = mmap.PAGESIZE
area = libc.mmap(None, 8 * page, 3, 0x22, -1, 0)
ctypes.memmove(area, bytes(1 + i // page for i in range(8 * page)), 8 * page)
libc.mprotect(area + 2 * page, page, 0)
short = tempfile.TemporaryFile()
short.write(b"s" * page)
short.flush()
beyond = libc.mmap(None, 3 * page, 1, 1, short.fileno(), 0)
named = open(sys.argv[1], "rb")
long = libc.mmap(None, 64 << 20, 1, 1, named.fileno(), 0)
later = libc.mmap(None, 2 * page, 1, 1, named.fileno(), page)
print(area, beyond, long, later, flush=True)
for line in sys.stdin:
    libc.munmap(area + 5 * page, page)
    print("done", flush=True)
"""


class Child:
    """The process, the address of its eight pages, and of files mapped beyond their end.

    `beyond` is of a file without a name; `long` is 64 MiB of a file of one byte, `later` the two
    pages of it after the first.
    """

    def __init__(self, file: Path) -> None:
        file.write_bytes(b"x")
        self.file = file
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.pid = self.process.pid
        self.area, self.beyond, self.long, self.later = map(int, self.stdout.readline().split())

    def unmap(self) -> None:
        self.stdin.write("unmap\n")
        self.stdin.flush()
        assert self.stdout.readline() == "done\n"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    made = Child(tmp_path / "one byte")
    yield made
    made.process.kill()
    made.process.communicate()


def open_or_skip(pid: int) -> Dump:
    try:
        return open_process(pid)
    except DumpError as problem:
        if "may not be read" in str(problem):
            pytest.skip(f"the system forbids reading a child: {problem}")
        raise


def test_reads_what_the_process_wrote(child: Child) -> None:
    with open_or_skip(child.pid) as dump:
        assert dump.name == f"{Path(f'/proc/{child.pid}/comm').read_text().strip()}-{child.pid}"
        assert (dump.format, dump.identity) == ("process", None)
        memory = dump.spaces[0].read(Span(child.area + PAGE - 3, 6))
        assert memory.data.tolist() == [1, 1, 1, 2, 2, 2]
        assert memory.runs.is_whole(6)
        assert dump.size == sum(size for _, size in dump.spaces[0].runs(Span(0, 1 << 63)))
        assert {Kind.MODULE, Kind.STACK, Kind.ANONYMOUS} <= {m.kind for m in dump.mappings}
        names = [module.name for module in dump.modules]
        assert "[vdso]" in names
        assert len(names) == len(set(names))


def test_pages_without_any_access_are_holes(child: Child) -> None:
    """The kernel would give the bytes: /proc/PID/mem goes past protections."""
    with open_or_skip(child.pid) as dump:
        span = Span(child.area, 4 * PAGE)
        expected = Runs.of([(0, 2 * PAGE), (3 * PAGE, PAGE)])
        assert dump.spaces[0].runs(span) == expected
        memory = dump.spaces[0].read(span)
        assert memory.runs == expected
        assert set(memory.data[2 * PAGE : 3 * PAGE].tolist()) == {0}
        assert set(memory.data[3 * PAGE :].tolist()) == {4}


def test_pages_behind_the_end_of_a_file_are_holes(child: Child) -> None:
    with open_or_skip(child.pid) as dump:
        span = Span(child.beyond, 3 * PAGE)
        assert dump.spaces[0].runs(span).is_whole(3 * PAGE)
        memory = dump.spaces[0].read(span)
        assert memory.runs == Runs.of([(0, PAGE)])
        assert bytes(memory.data[:PAGE]) == b"s" * PAGE
        assert dump.spaces[0].read(Span(child.beyond + PAGE + 5, PAGE)).runs == Runs.of([])


def test_a_mapping_that_is_longer_than_its_file(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LMDB maps 1 TiB of a file of 1 MiB; one call a page would be minutes for 4 GiB."""
    calls = []
    preadv = os.preadv

    def counted(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        calls.append(offset)
        return preadv(descriptor, buffers, offset)

    with open_or_skip(child.pid) as dump:
        span = Span(child.long, 64 << 20)
        assert any(m.span == span for m in dump.mappings)
        assert dump.spaces[0].runs(span) == Runs.of([(0, PAGE)])
        monkeypatch.setattr(os, "preadv", counted)
        memory = dump.spaces[0].read(span)
        assert memory.runs == Runs.of([(0, PAGE)])
        assert bytes(memory.data[:2]) == b"x\0"
        assert len(calls) <= 4
        assert dump.spaces[0].runs(Span(child.later, 2 * PAGE)) == Runs.of([])


def test_the_file_that_took_the_place_of_a_mapped_one_says_nothing(child: Child) -> None:
    other = child.file.with_name("other")
    other.write_bytes(b"")
    other.replace(child.file)
    with open_or_skip(child.pid) as dump:
        span = Span(child.long, 2 * PAGE)
        assert dump.spaces[0].runs(span).is_whole(2 * PAGE)
        assert dump.spaces[0].read(span).runs == Runs.of([(0, PAGE)])


def test_a_mapped_file_that_cannot_be_asked(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", fails)
        dump = open_or_skip(child.pid)
    with dump:
        assert dump.spaces[0].runs(Span(child.long, 64 << 20)).is_whole(64 << 20)


def test_what_was_unmapped_meanwhile_is_a_hole(child: Child) -> None:
    with open_or_skip(child.pid) as dump:
        child.unmap()
        memory = dump.spaces[0].read(Span(child.area + 4 * PAGE + 7, 3 * PAGE))
        assert memory.runs == Runs.of([(0, PAGE - 7), (2 * PAGE - 7, PAGE + 7)])


def test_pages_of_the_kernel_are_holes_and_never_read(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_or_skip(child.pid) as dump:
        kernel = [m for m in dump.mappings if m.name.startswith(("[vvar", "[vsyscall"))]
        if not kernel:
            pytest.skip("this system maps no [vvar] and no [vsyscall]")
        monkeypatch.setattr(os, "preadv", lambda *_: pytest.fail("was read"))
        for mapping in kernel:
            assert dump.spaces[0].read(mapping.span).runs == Runs.of([])


def test_everything_can_be_read(child: Child) -> None:
    with open_or_skip(child.pid) as dump:
        space = dump.spaces[0]
        for mapping in dump.mappings:
            memory = space.read(mapping.span)
            promised = space.runs(mapping.span).mask(0, mapping.span.size)
            assert not (memory.runs.mask(0, mapping.span.size) & ~promised).any()


def test_reading_a_piece_is_reading_its_bytes_one_by_one(child: Child) -> None:
    with open_or_skip(child.pid) as dump:
        space = dump.spaces[0]
        start, size = child.area + 2 * PAGE - 20, PAGE + 40
        whole = space.read(Span(start, size))
        singles = [space.read(Span(start + step, 1)) for step in range(size)]
        assert whole.data.tolist() == [int(single.data[0]) for single in singles]
        assert whole.runs.mask(0, size).tolist() == [bool(len(s.runs)) for s in singles]


def test_a_process_that_is_killed_while_it_is_read(child: Child) -> None:
    with open_or_skip(child.pid) as dump:
        child.process.send_signal(signal.SIGKILL)
        child.process.wait()
        with pytest.raises(DumpError, match=f"process {child.pid} ended while it was read"):
            dump.spaces[0].read(Span(child.area, PAGE))


def test_a_zombie_has_ended(child: Child) -> None:
    child.process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(DumpError, match="ended while it was read"):
        open_process(child.pid)


def test_no_such_process(child: Child) -> None:
    child.process.kill()
    child.process.communicate()
    for pid in (child.pid, 0, -1, 1 << 30):
        with pytest.raises(DumpError, match=f"no process {pid}"):
            open_process(pid)


def test_a_kernel_thread_has_no_memory() -> None:
    with contextlib.suppress(OSError):
        if Path("/proc/2/comm").read_text() == "kthreadd\n":
            with pytest.raises(DumpError, match=r"process 2 has no memory|may not be read"):
                open_process(2)
            return
    pytest.skip("process 2 is not a kernel thread here (a container)")


def test_a_process_of_somebody_else() -> None:
    """A fork that gives up root tries to read its parent."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setuid(65534)
            open_process(parent)
        except BaseException as problem:
            os.write(writer, repr(problem).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    said = os.read(reader, 4096).decode()
    os.close(reader)
    assert said.startswith("DumpError")
    assert f"process {parent} may not be read" in said
    assert "PR_SET_PTRACER" in said


def test_elsewhere_than_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(DumpError, match="on Linux only"):
        process.open_process(os.getpid())


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ESRCH, "ended while it was read"),
        (errno.EPERM, "may not be read"),
        (errno.EACCES, "may not be read"),
        (errno.ENOMEM, "cannot be read at address 0x"),
    ],
)
def test_answers_of_the_kernel(
    child: Child, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def fails(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with open_or_skip(child.pid) as dump:
        monkeypatch.setattr(os, "preadv", fails)
        with pytest.raises(DumpError, match=message):
            dump.spaces[0].read(Span(child.area, PAGE))


def test_devices_are_not_touched(child: Child) -> None:
    """Reading a register can act on the device; shared memory below /dev/shm is just memory."""
    from memtiles.memory.formats.process import _is_readable
    from memtiles.memory.process.proc_maps import parse_proc_maps

    row = "00400000-00401000 rw-s 00000000 00:05 0      {}\n"
    paths = {"/dev/mem": False, "/dev/dri/card0": False, "/dev/shm/x": True, "/dev/zero": True,
             "/devices": True}  # fmt: skip
    for path, readable in paths.items():
        (mapping,) = parse_proc_maps(row.format(path), "maps")
        assert _is_readable(mapping) == readable

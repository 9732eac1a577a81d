"""A running process of this machine, through `/proc` (Linux only).

It has no file and so no `FORMAT`: `open_process` opens it by its number.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Sequence

from memtiles.errors import DumpError
from memtiles.memory.dump import Contents, Dump, Mapping
from memtiles.memory.elf.ident import ElfIdent, elf_ident
from memtiles.memory.process.modules import modules_of
from memtiles.memory.process.proc_maps import parse_proc_maps
from memtiles.memory.process.space import PREAD_LIMIT, ProcessSpace, ended, no_permission
from memtiles.memory.runs import Runs

NAME = "process"


def open_process(pid: int) -> Dump:
    """Opens the memory of a running process, which goes on running meanwhile.

    Its bytes may change between two reads; there is no identity to notice that by.

    Raises:
        DumpError: No such process, no permission, a process without memory (a kernel thread), one
            that ends right now, or another system than Linux.
    """
    if sys.platform != "linux":
        raise DumpError("live processes are read on Linux only: make a dump of the process first")
    folder = _open_folder(pid)
    try:
        memory = _open(folder, "mem")
        try:
            return _dump(pid, folder, memory)
        except BaseException:
            memory.close()
            raise
    except PermissionError:
        raise DumpError(no_permission(pid)) from None
    except (FileNotFoundError, ProcessLookupError):
        raise DumpError(_without_memory(pid, folder)) from None
    except OSError as problem:
        raise DumpError(f"/proc/{pid}: cannot be read: {problem.strerror}") from None
    finally:
        os.close(folder)


def _dump(pid: int, folder: int, memory: io.FileIO) -> Dump:
    name = f"{_text(folder, 'comm').strip()}-{pid}"
    mappings = parse_proc_maps(_text(folder, "maps"), f"/proc/{pid}/maps")
    if not mappings:
        raise DumpError(_without_memory(pid, folder))
    page_size = os.sysconf("SC_PAGE_SIZE")
    readable = _readable(folder, mappings, page_size)
    ident = _program(folder)
    return Dump(
        name=name,
        format=NAME,
        size=readable.total,
        spaces=(ProcessSpace(name, pid, memory, readable, page_size),),
        read_contents=lambda _: Contents(mappings, modules_of(mappings)),
        machine=ident.machine if ident else None,
        address_bits=ident.bits if ident else 64,
        byte_order=ident.byte_order if ident else "little",
        close=memory.close,
    )


def _readable(folder: int, mappings: Sequence[Mapping], page_size: int) -> Runs:
    return Runs.of(
        (mapping.span.start, _size_in_file(folder, mapping, page_size))
        for mapping in mappings
        if _is_readable(mapping)
    )


def _size_in_file(folder: int, mapping: Mapping, page_size: int) -> int:
    """How much of a mapping its file reaches, to the end of its last page; all where none can tell.

    Databases map what their file may grow to: LMDB maps 1 TiB of a file of 1 MiB. Each page behind
    the end of the file is EIO, found one read call a page, which is minutes for 4 GiB; and until
    then all of it counts as memory. Test: test_a_mapping_that_is_longer_than_its_file.
    """
    name, size, offset = mapping.name, mapping.span.size, mapping.file_offset
    # The kernel marks a file that was removed or replaced; at any other path is that very file,
    # unless a file system was mounted over it since.
    if offset is None or not name.startswith("/") or name.endswith(" (deleted)"):
        return size
    try:
        # Below the process's own root: a container's paths are not those of this process.
        file = os.stat(f"root{name}", dir_fd=folder)
    except OSError:
        return size
    # Files that the kernel makes up say 0 and can be mapped all the same.
    if not stat.S_ISREG(file.st_mode) or file.st_size == 0:
        return size
    end = -(-file.st_size // page_size) * page_size
    return min(size, max(0, end - offset))


def _is_readable(mapping: Mapping) -> bool:
    """Whether the bytes of a mapping are data of the process that can be had without harm."""
    # /proc/PID/mem gives zeros for pages that the process itself may not touch: invented bytes.
    if (mapping.protection or "").startswith("---"):
        return False
    # Clock pages give EIO, and the [vsyscall] address does not even fit a file offset.
    if mapping.name.startswith(("[vvar", "[vsyscall")) or mapping.span.end > PREAD_LIMIT:
        return False
    # Reading a device's registers can act on the device.
    in_memory = ("/dev/shm/", "/dev/zero", "/dev/hugepages/", "/dev/ashmem")
    return not mapping.name.startswith("/dev/") or mapping.name.startswith(in_memory)


def _program(folder: int) -> ElfIdent | None:
    """What the program's file says of the processor; a process may outlive its program's file."""
    try:
        descriptor = os.open("exe", os.O_RDONLY, dir_fd=folder)
    except OSError:
        return None
    try:
        return elf_ident(os.read(descriptor, 20))
    finally:
        os.close(descriptor)


def _open_folder(pid: int) -> int:
    # Files opened below this descriptor are those of this process even if its number is reused.
    try:
        return os.open(f"/proc/{int(pid)}", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        raise DumpError(f"no process {pid}: it has ended, or /proc does not show it") from None


def _open(folder: int, file: str) -> io.FileIO:
    return os.fdopen(os.open(file, os.O_RDONLY, dir_fd=folder), "rb", buffering=0)


def _text(folder: int, file: str) -> str:
    with _open(folder, file) as lines:
        return lines.readall().decode("utf-8", "backslashreplace")


def _without_memory(pid: int, folder: int) -> str:
    """The message about a process that has no mappings.

    Kernels differ in how they say so: `mem` cannot be opened (ESRCH), or `maps` is empty. Kernel
    threads never had memory; whatever else has none is over, be it that its parent has yet to hear.
    """
    try:
        # "PID (name) STATE ...": the name may hold anything, parentheses too.
        state = _text(folder, "stat").rpartition(")")[2].split()[0]
    except OSError:
        return ended(pid)
    if state in ("Z", "X"):
        return ended(pid)
    return f"process {pid} has no memory of its own: it is a thread of the kernel"

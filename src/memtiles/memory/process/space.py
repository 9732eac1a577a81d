"""The memory of a running process, read through `/proc/PID/mem` at offset = address."""

from __future__ import annotations

import errno
import io
import os

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace, Memory, SpaceKind
from memtiles.memory.span import Span

PREAD_LIMIT = 1 << 63
"""File offsets are signed: no read call takes an address from here on."""

_READ_STEP = 1 << 30


class ProcessSpace(AddressSpace):
    """What the mappings promise, and of that what the kernel gives.

    A page that cannot be read (EIO) is a hole, be it that its mapping was unmapped meanwhile, lies
    behind the end of its file, or belongs to the kernel.
    """

    kind = SpaceKind.VIRTUAL
    steady = False

    def __init__(
        self, name: str, pid: int, memory: io.FileIO, readable: Runs, page_size: int
    ) -> None:
        """Takes an open `/proc/PID/mem`.

        Args:
            name: What messages call the process.
            pid: Its number.
            memory: The file; it stays the caller's to close.
            readable: The addresses to read, all below 2**63.
            page_size: Bytes of a page.
        """
        self._name = name
        self._pid = pid
        self._memory = memory
        self._readable = readable
        self._page_size = page_size

    def runs(self, span: Span) -> Runs:
        return self._readable.clip(span.start, span.size)

    def read(self, span: Span) -> Memory:
        data = np.zeros(span.size, np.uint8)
        view = data.data
        present: list[tuple[int, int]] = []
        for start, size in self.runs(span):
            at = start
            while at < start + size:
                got = self._read_once(span.start + at, view[at : start + size])
                if got:
                    present.append((at, got))
                    at += got
                else:
                    at += self._page_size - (span.start + at) % self._page_size
        return Memory(data, Runs.of(present))

    def _read_once(self, address: int, buffer: memoryview) -> int:
        """Reads until the first page that cannot be read; 0 where that is the first of all."""
        try:
            got = os.preadv(self._memory.fileno(), [buffer[:_READ_STEP]], address)
        except PermissionError:
            raise DumpError(no_permission(self._pid)) from None
        except OSError as problem:
            if problem.errno in (errno.EIO, errno.EFAULT):
                return 0
            if problem.errno == errno.ESRCH:
                raise DumpError(ended(self._pid)) from None
            raise DumpError(
                f"{self._name}: cannot be read at address {address:#x}: {problem.strerror}"
            ) from None
        if got == 0:  # the kernel has torn the address space down
            raise DumpError(ended(self._pid))
        return got


def ended(pid: int) -> str:
    """The message about a process that is gone; exec gives a process another memory, too."""
    return f"process {pid} ended while it was read (or started another program)"


def no_permission(pid: int) -> str:
    """The message about a process that may not be read."""
    return (
        f"process {pid} may not be read: run as the same user or as root; where "
        "/proc/sys/kernel/yama/ptrace_scope is not 0, as its parent, or let it allow readers "
        "with prctl(PR_SET_PTRACER)"
    )

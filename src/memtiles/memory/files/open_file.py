"""Opening what is read: a file on disk, or standard input."""

from __future__ import annotations

import io
import os
import stat
import sys
import tempfile
from functools import partial
from pathlib import Path

from memtiles.errors import DumpError, LimitError, UsageError
from memtiles.memory.files.unpack import UNPACKED_LIMIT, guarded, write_sparse

STANDARD_INPUT = "standard input"

# O_BINARY: Windows translates line ends without it. O_NONBLOCK: opening a FIFO waits for a writer.
_OPEN_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK")
)
_CHUNK = 1 << 20


def open_regular(path: Path) -> io.FileIO:
    """Opens a file on disk.

    Raises:
        DumpError: No such file, no permission, a folder, a pipe or a device.
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        if os.path.isdir(path):  # noqa: PTH112 - Path's raises what os.open did
            reason = "it is a folder: name a file in it"  # Windows: no permission
        raise DumpError(f"{path}: cannot be opened: {reason}") from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb", buffering=0)
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise DumpError(f"{path}: cannot be opened: it is a folder: name a file in it")
    raise DumpError(f"{path}: not a regular file: copy its bytes to a file first")


def open_standard_input(limit: int = UNPACKED_LIMIT) -> io.FileIO:
    """Standard input, to be read from its start and at random.

    A file that the shell has opened is used as it is; what comes through a pipe is copied to a
    nameless temp file, because the side of a square is not known before the last byte.

    Args:
        limit: Bytes that a pipe may bring.

    Raises:
        UsageError: It is closed, or a terminal.
        DumpError: It cannot be read.
        LimitError: The pipe brings more.
        DiskFullError: The temp folder is full.
    """
    if sys.__stdin__ is None:
        raise UsageError(f"{STANDARD_INPUT} is closed: name a file")
    try:
        file = os.fdopen(os.dup(0), "rb", buffering=0)
    except OSError as problem:  # a folder, for one
        raise DumpError(f"{STANDARD_INPUT}: cannot be read: {problem.strerror}") from None
    if file.isatty():
        file.close()
        raise UsageError(f"{STANDARD_INPUT} is a terminal: name a file, or pipe one in")
    # A file that somebody has read a part of means what is left of it, as a pipe would.
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.tell() == 0:
        return file
    with file:
        return _spool(file, limit)


def _spool(pipe: io.FileIO, limit: int) -> io.FileIO:
    temp = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - handed to the caller
    size = 0
    try:
        while chunk := pipe.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise LimitError(f"{STANDARD_INPUT}: more than {limit} bytes: save it to a file")
            guarded(partial(write_sparse, temp, chunk))
        guarded(partial(temp.truncate, size))
        temp.seek(0)
    except OSError as problem:
        temp.close()
        raise DumpError(f"{STANDARD_INPUT}: cannot be read: {problem.strerror}") from None
    except BaseException:
        temp.close()
        raise
    return temp

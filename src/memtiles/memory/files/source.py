"""A dump's file on disk, read at random.

Never by `mmap`: a file that is cut while it is mapped kills the process with SIGBUS, whereas a
read just comes back short.
"""

from __future__ import annotations

import io
import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.dump import Identity
from memtiles.memory.files.file_holes import holes_of
from memtiles.memory.files.open_file import STANDARD_INPUT, open_regular, open_standard_input
from memtiles.memory.files.unpack import UNPACKED_LIMIT, packing_of, unpack
from memtiles.memory.runs import Runs

_READ_STEP = 1 << 30  # one read call takes less than 2 GiB on every system


class FileSource:
    """Random access to one file, from any number of threads.

    Attributes:
        name: The file's name without its folder and without the suffix of its packing.
        size: Bytes that can be read: for a packed file those of its contents.
        identity: Of the file that was named, so for a packed one that of the archive.
    """

    def __init__(self, file: io.FileIO, name: str, identity: Identity) -> None:
        self.name = name
        self.identity = identity
        self.size = os.fstat(file.fileno()).st_size
        self._file = file
        self._lock = threading.Lock()
        self._holes = Runs.of(holes_of(file.fileno(), self.size))

    @classmethod
    def open(cls, path: str | os.PathLike[str], limit: int = UNPACKED_LIMIT) -> FileSource:
        """Opens a file for reading; one that ends in .gz or .xz is unpacked to a temp file first.

        Args:
            path: The file.
            limit: How many bytes an archive may unpack to.

        Raises:
            DumpError: No such file, no permission, a folder or a device, empty, or a damaged
                archive.
            LimitError: The archive holds more than `limit` bytes.
            DiskFullError: There is no room to unpack it.
        """
        path = Path(path)
        file = open_regular(path)
        try:
            identity = _identity_of(os.fstat(file.fileno()))
            if suffix := packing_of(path):
                packed, file = file, unpack(file, path.name, suffix, limit)
                packed.close()
            source = cls(file, path.name.removesuffix(suffix), identity)
            if source.size == 0:
                raise DumpError(f"{path}: the file is empty")
        except BaseException:
            file.close()
            raise
        return source

    @classmethod
    def open_as_it_is(cls, path: str | os.PathLike[str]) -> FileSource:
        """Opens any file for reading; an archive is not unpacked.

        Raises:
            DumpError: No such file, no permission, a folder or a device, or empty.
        """
        file = open_regular(Path(path))
        source = cls(file, Path(path).name, _identity_of(os.fstat(file.fileno())))
        if source.size == 0:
            source.close()
            raise DumpError(f"{path}: the file is empty")
        return source

    @classmethod
    def of_standard_input(cls) -> FileSource:
        """What stands in standard input; a pipe is copied to a temp file first.

        Raises:
            UsageError: It is closed, or a terminal.
            DumpError: It is empty, or cannot be read.
            LimitError: A pipe that does not end.
            DiskFullError: There is no room for the copy.
        """
        file = open_standard_input()
        source = cls(file, STANDARD_INPUT, _identity_of(os.fstat(file.fileno())))
        if source.size == 0:
            source.close()
            raise DumpError(f"{STANDARD_INPUT}: it is empty")
        return source

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fills a buffer of bytes from `offset` on; gives how many bytes came.

        Fewer than the buffer holds come only at the end of the file. Holes of a sparse file are
        zeros that the dump does hold, filled in without reading them.

        Raises:
            DumpError: The system cannot read the file (any more).
        """
        try:
            if not len(self._holes):
                return self._read_stored(offset, buffer)
            holes = self._holes.clip(offset, len(buffer))
            end = os.fstat(self._file.fileno()).st_size
            done = 0
            for start, size in holes:
                got = self._read_stored(offset + done, buffer[done:start])
                if got < start - done:
                    return done + got
                np.frombuffer(buffer, np.uint8)[start : start + size] = 0
                done = start + size
            done += self._read_stored(offset + done, buffer[done:])
            return min(done, max(0, end - offset))  # a hole may have been cut off meanwhile
        except OSError as problem:
            message = f"{self.name}: cannot be read at byte {offset}: {problem.strerror}"
            raise DumpError(message) from None

    def zeros(self) -> Runs:
        """The holes of a sparse file; what was cut off meanwhile is in none of them."""
        return self._holes.clip(0, os.fstat(self._file.fileno()).st_size)

    def prefetch(self, offset: int, size: int) -> None:
        """Tells the system that these bytes are read next, where it can be told."""
        if hasattr(os, "posix_fadvise"):
            with suppress(OSError):
                os.posix_fadvise(self._file.fileno(), offset, size, os.POSIX_FADV_WILLNEED)

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset` on; `size` is cut to what the file holds first.

        Raises:
            DumpError: The system cannot read the file (any more).
        """
        buffer = bytearray(max(0, min(size, self.size - offset)))
        got = self.read_into(offset, memoryview(buffer))
        return bytes(buffer[:got])

    def close(self) -> None:
        """Gives back the file; a temp file vanishes. Closing twice is allowed."""
        self._file.close()

    def _read_stored(self, offset: int, buffer: memoryview) -> int:
        done = 0
        while done < len(buffer):
            got = self._read_once(offset + done, buffer[done : done + _READ_STEP])
            if got == 0:
                break
            done += got
        return done

    def _read_once(self, offset: int, buffer: memoryview) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [buffer], offset)
        if hasattr(os, "pread"):
            data = os.pread(self._file.fileno(), len(buffer), offset)
            buffer[: len(data)] = data
            return len(data)
        with self._lock:  # Windows: the position belongs to the file, so one thread at a time
            self._file.seek(offset)
            return self._file.readinto(buffer)


def identity_of(path: Path) -> Identity | None:
    """What the file at a path is now, or None where there is none any more."""
    try:
        return _identity_of(path.stat())
    except OSError:
        return None


def _identity_of(status: os.stat_result) -> Identity:
    return Identity(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )

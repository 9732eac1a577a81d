"""Where an export goes: a file that appears complete or not at all, or standard output.

A file is written under another name beside its own, private to the user because it is memory, and
renamed when it is whole. So a full disk, a Ctrl-C or a dump that breaks off leaves nothing behind
that looks like a picture.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from memtiles.disk import disk_errors
from memtiles.errors import DiskFullError, MemtilesError, UsageError

STANDARD_OUTPUT = "-"

_COPY = 1 << 20
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # as FAT says it


class Output:
    """Bytes in their order. In a file, zeros that are stepped over become its holes."""

    def __init__(self, file: io.FileIO, *, sparse: bool) -> None:
        self._file = file
        self._sparse = sparse
        self._ends_open = False

    def write(self, data: bytes | memoryview) -> None:
        """Writes all of it: one call of the system may take less, on a pipe or a full disk."""
        rest = memoryview(data)
        self._ends_open = False
        while rest:
            rest = rest[self._file.write(rest) :]

    def zeros(self, count: int) -> None:
        """Writes zeros, which cost no disk where files have holes."""
        if self._sparse:
            self._file.seek(count, os.SEEK_CUR)
            self._ends_open |= count > 0
            return
        block = bytes(min(count, _COPY))
        while count:
            self.write(block[:count])
            count -= min(count, len(block))

    def finish(self) -> None:
        """Zeros at the end leave no trace without it."""
        if self._ends_open:
            self._file.truncate()


@contextmanager
def new_file(path: Path, inputs: Sequence[Path], *, force: bool) -> Iterator[Path]:
    """A path to write to, whose file takes the name `path` when the block ends without an error.

    Args:
        path: The name. Of a link, the file that it leads to is meant.
        inputs: Files that must not be written over.
        force: Replace a file that is there.

    Raises:
        UsageError: There is such a file, or it cannot be written there.
        DiskFullError: No space is left.
        MemtilesError: Anything else that the system says.
    """
    final = Path(os.path.realpath(path))
    # Its name is made here: an interrupt that comes as soon as the file is there finds it known.
    staged = final.parent / f".{final.name[:40]}.{os.urandom(8).hex()}.part"
    try:
        with disk_errors():
            _check(path, final, inputs, force=force)
            try:
                _create(path, staged)
                yield staged
                _publish(path, staged, final, force=force)
            finally:
                with suppress(FileNotFoundError):
                    staged.unlink()
    except DiskFullError:
        raise DiskFullError(f"{path}: no space left; free some or choose another output") from None


def _create(path: Path, staged: Path) -> None:
    try:
        os.close(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        error.filename = str(path)  # the user knows no other name
        raise


@contextmanager
def new_output(target: str, inputs: Sequence[Path], *, force: bool) -> Iterator[Output]:
    """A new file, or standard output for `-`, for bytes that are written in their order.

    Raises:
        MemtilesError: As `new_file`; also where standard output is closed before all is written.
    """
    if target == STANDARD_OUTPUT:
        with _standard_output() as output:
            yield output
        return
    with (
        new_file(Path(target), inputs, force=force) as staged,
        # Not "wb": ext4 writes a file that was emptied to the disk as soon as it is closed.
        staged.open("r+b", buffering=0) as file,
    ):
        output = Output(file, sparse=True)
        yield output
        output.finish()


@contextmanager
def new_image(target: str, inputs: Sequence[Path], *, force: bool) -> Iterator[Path]:
    """A path for a library that needs one; for `-` its file is copied to standard output.

    Raises:
        MemtilesError: As `new_output`.
    """
    if target != STANDARD_OUTPUT:
        with new_file(Path(target), inputs, force=force) as staged:
            yield staged
        return
    with (
        _standard_output() as output,
        tempfile.TemporaryDirectory(prefix="memtiles-") as folder,
    ):
        staged = Path(folder, "image")
        try:
            yield staged
        except DiskFullError:
            raise DiskFullError(f"no space left in {folder}: free some, or set TMPDIR") from None
        with staged.open("rb") as file:
            while block := file.read(_COPY):
                output.write(block)


@contextmanager
def _standard_output() -> Iterator[Output]:
    if sys.__stdout__ is None:
        raise UsageError("standard output is closed: name a file")
    # A descriptor of its own: Python's stdout may be replaced by a stream without one.
    with open(os.dup(1), "wb", buffering=0) as file:  # noqa: PTH123 - not a path
        if file.isatty():
            raise UsageError("standard output is a terminal: name a file, or pipe it somewhere")
        with disk_errors():
            try:
                yield Output(file, sparse=False)
            except BrokenPipeError:
                closed = "standard output was closed before all was written"
                raise MemtilesError(closed) from None


def _check(path: Path, final: Path, inputs: Sequence[Path], *, force: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path}: is a folder: name a file in it")
    if not final.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
    for folder in (one for one in inputs if one.is_dir()):
        if final.is_relative_to(folder.resolve()):
            raise UsageError(f"{path}: lies in the site that is cut: name a file elsewhere")
    # Not `final`: /dev/stdout is a pipe that no path leads to.
    if not path.exists():
        return
    if not path.is_file():
        raise UsageError(f"{path}: not a regular file: write to - and redirect it there")
    for one in inputs:
        with suppress(OSError):
            if path.samefile(one):
                raise UsageError(f"{path}: is the input: name another file")
    if not force:
        raise UsageError(f"{path}: is there already: name another file, or replace it with --force")


def _publish(path: Path, staged: Path, final: Path, *, force: bool) -> None:
    """Gives the finished file its name; somebody else may have taken it meanwhile."""
    if force:
        staged.replace(final)
        return
    try:
        os.link(staged, final)  # unlike a rename, it never replaces
    except FileExistsError:
        raise UsageError(f"{path}: was made by another program meanwhile") from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        staged.replace(final)

"""Compressed dumps, unpacked into a temp file: memory is read at random, which no .gz allows."""

from __future__ import annotations

import errno
import io
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePath

from memtiles.errors import DiskFullError, DumpError, LimitError

UNPACKED_LIMIT = 64 << 30
"""Bytes that an archive may unpack to."""

_CHUNK = 1 << 20
_BLOCK = 1 << 16
_LZMA_MEMORY = 256 << 20  # `xz -9` needs 65 MiB to unpack; an archive may claim a 4 GiB window


def packing_of(path: PurePath) -> str:
    """The suffix of a packed file, ".gz" or ".xz", as the name spells it; "" for a plain file."""
    return path.suffix if path.suffix.lower() in _UNPACKERS else ""


def unpack(packed: io.FileIO, name: str, suffix: str, limit: int = UNPACKED_LIMIT) -> io.FileIO:
    """Unpacks a file into a nameless temp file that vanishes when it is closed.

    Blocks of zeros become holes of the temp file where the file system has such.

    Args:
        packed: The archive, read from its start.
        name: What messages call it.
        suffix: ".gz" or ".xz".
        limit: How many bytes it may unpack to.

    Raises:
        DumpError: The archive is damaged, cut or empty, or cannot be read.
        LimitError: It holds more than `limit` bytes, or needs too much memory to unpack.
        DiskFullError: The temp folder is full.
    """
    temp = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - handed to the caller
    try:
        _copy(packed, temp, name, suffix, limit)
    except BaseException:
        temp.close()
        raise
    return temp


def _copy(packed: io.FileIO, temp: io.FileIO, name: str, suffix: str, limit: int) -> None:
    size = 0
    chunks = _chunks(packed, name, suffix)
    while True:
        try:
            chunk = next(chunks, None)
        except (EOFError, ValueError) as damage:
            raise DumpError(
                f"{name}: the {suffix} archive is damaged or cut: {size} bytes came out of the "
                f"first {packed.tell()} of it ({damage})"
            ) from None
        if chunk is None:
            break
        size += len(chunk)
        if size > limit:
            raise LimitError(f"{name}: unpacks to more than {limit} bytes: unpack it yourself")
        guarded(partial(write_sparse, temp, chunk))
    guarded(partial(temp.truncate, size))


def write_sparse(temp: io.FileIO, chunk: bytes) -> None:
    """Writes what is not zeros at the file's position and steps over the rest.

    The caller sets the file's size at the end, for zeros at the end leave no trace.
    """
    view = memoryview(chunk)
    zeros = bytes(_BLOCK)
    for start in range(0, len(view), _BLOCK):
        block = view[start : start + _BLOCK]
        if block == zeros[: len(block)]:
            temp.seek(len(block), io.SEEK_CUR)
            continue
        while block:  # a raw write may take less than all, on a disk that is nearly full
            block = block[temp.write(block) :]


def guarded(write: Callable[[], object]) -> None:
    """Writes to the temp folder.

    Raises:
        DiskFullError: It is full.
    """
    try:
        write()
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise DiskFullError(
            f"no space for a copy of the dump in {tempfile.gettempdir()}: free some, or set TMPDIR"
        ) from None


def _chunks(packed: io.FileIO, name: str, suffix: str) -> Iterator[bytes]:
    try:
        yield from _UNPACKERS[suffix.lower()](packed, name)
    except OSError as problem:
        raise DumpError(f"{name}: cannot be read: {problem.strerror}") from None


def _gunzip(packed: io.FileIO, name: str) -> Iterator[bytes]:
    import gzip
    import zlib

    try:
        with gzip.GzipFile(fileobj=packed) as archive:
            while chunk := archive.read(_CHUNK):
                yield chunk
    except (gzip.BadGzipFile, zlib.error) as damage:
        raise ValueError(damage) from None


def _unxz(packed: io.FileIO, name: str) -> Iterator[bytes]:
    """Streams one after another, zeros between them: what `xz --decompress` accepts."""
    import lzma

    data = packed.read(_CHUNK)
    try:
        while data := data.lstrip(b"\0") or packed.read(_CHUNK):
            stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)
            while not stream.eof:
                if chunk := stream.decompress(data, _CHUNK):
                    yield chunk
                data = b""
                if stream.needs_input and not stream.eof and not (data := packed.read(_CHUNK)):
                    raise EOFError("it ends before its end marker")
            data = stream.unused_data
    except lzma.LZMAError as damage:
        if "Memory usage limit" in str(damage):
            message = f"{name}: needs more than {_LZMA_MEMORY} bytes of memory to unpack"
            raise LimitError(message) from None
        raise ValueError(damage) from None


_UNPACKERS: dict[str, Callable[[io.FileIO, str], Iterator[bytes]]] = {
    ".gz": _gunzip,
    ".xz": _unxz,
}

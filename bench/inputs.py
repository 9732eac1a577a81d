"""What the benchmark pictures: real library bytes and zero pages, never random noise."""

from __future__ import annotations

import multiprocessing
import os
import struct
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import BinaryIO

REGIONS = 100
PAGE = 4096
_SUFFIXES = (".so", ".a", ".pyc", ".dll", ".dylib")


def make_build_input(folder: Path, mib: int) -> Path:
    """A core of that size and the least config, in a folder of their own; the config's path."""
    place = folder / f"{mib}"
    place.mkdir()
    _apart(_write_core, place / "app.core", mib << 20)
    config = place / "config.yaml"
    config.write_text("dump: app.core\n")
    return config


def make_file(path: Path, size: int) -> None:
    """`size` library bytes without any format, all of them written: no holes."""
    _apart(_write_file, path, size)


def _apart(write: Callable[[Path, int], None], path: Path, size: int) -> None:
    """Writes in a process of its own: the names of all libraries are tens of MiB.

    `measure` starts commands from this process, and their peak memory begins at its own.

    Raises:
        SystemExit: It failed; it has said why.
    """
    process = multiprocessing.Process(target=write, args=(path, size))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{path.name} could not be made")


def _write_core(path: Path, size: int) -> None:
    """An ELF core of `size` bytes of memory in 100 segments, one in four of zero pages.

    The segments grow from a page to a few percent of the whole, as the mappings of a process do.
    """
    sizes = _region_sizes(size)
    table = struct.calcsize("<16sHHIQQQIHHHHHH") + 56 * len(sizes)
    offset = -(-table // PAGE) * PAGE
    address = 0x7F00_0000_0000
    library = _library_bytes()
    with path.open("wb") as file:
        ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
        file.write(
            struct.pack(
                "<16sHHIQQQIHHHHHH", ident, 4, 62, 1, 0, 64, 0, 0, 64, 56, len(sizes), 0, 0, 0
            )
        )
        for one in sizes:
            file.write(struct.pack("<IIQQQQQQ", 1, 6, offset, address, 0, one, one, PAGE))
            offset += one
            address += one + 16 * PAGE
        file.write(bytes(-file.tell() % PAGE))
        for number, one in enumerate(sizes):
            _copy(file, library, one, zeros=number % 4 == 3)


def _write_file(path: Path, size: int) -> None:
    with path.open("wb") as file:
        _copy(file, _library_bytes(), size, zeros=False)
        file.flush()
        os.fsync(file.fileno())


def _copy(file: BinaryIO, library: Iterator[bytes], size: int, *, zeros: bool) -> None:
    while size:
        chunk = bytes(min(size, 1 << 20)) if zeros else next(library)[:size]
        file.write(chunk)
        size -= len(chunk)


def _region_sizes(size: int) -> list[int]:
    """Whole pages that add up to `size`, each share twice as large as that a fifth before it."""
    weights = [2 ** (number % 20 / 2) for number in range(REGIONS)]
    pages = [max(1, int(size // PAGE * weight / sum(weights))) for weight in weights]
    pages[-1] += size // PAGE - sum(pages)
    return [count * PAGE for count in pages]


def _library_bytes() -> Iterator[bytes]:
    """The bytes of the libraries on this system in sorted order, over and over."""
    folders = [Path(sys.base_prefix, "lib"), Path(sys.prefix, "lib"), Path("/usr/lib")]
    files = sorted(
        {
            file
            for folder in folders
            for file in folder.rglob("*")
            if not file.is_symlink() and _is_library(file) and file.is_file()
        }
    )
    if not any(file.stat().st_size for file in files):
        raise SystemExit("no libraries found to make a dump of")
    for name in cycle(files):
        with name.open("rb") as file:
            while chunk := file.read(1 << 20):
                yield chunk


def _is_library(file: Path) -> bool:
    return file.suffix in _SUFFIXES or ".so." in file.name

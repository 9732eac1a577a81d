"""What is pictured: real library bytes, never random noise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

_SUFFIXES = (".so", ".a", ".pyc", ".dll", ".dylib")


def library_bytes() -> Iterator[bytes]:
    """The bytes of the libraries on this system in sorted order, over and over.

    Raises:
        SystemExit: There are none.
    """
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

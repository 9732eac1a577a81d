"""Whether the kernel has a file in memory: the input of a benchmark is known to be in or out."""

from __future__ import annotations

import os
from pathlib import Path

from measure import MIB


def load(path: Path) -> None:
    """Reads the whole file once."""
    with path.open("rb", buffering=0) as file:
        while file.read(MIB):
            pass


def evict(path: Path) -> None:
    """Lets the kernel drop the file; what is not on the disk yet could not be dropped."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def evict_all(folder: Path) -> None:
    """Lets the kernel drop what a build wrote, so that the next one gets the same memory again.

    A virtual machine would have to get other memory from its host first; see `settle`.
    """
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            evict(path)

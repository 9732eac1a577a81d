"""The inputs of the benchmarks: cores of 100 regions with their config, and plain files."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core import PAGE, Piece, Segment, copy, write_core
from library import library_bytes

REGIONS = 100


def make_build_input(folder: Path, mib: int, config: str = "") -> Path:
    """A core of that size, one region in four zeros, and a config; the latter's path."""
    return make_core(folder, f"{mib}", mixed(mib << 20), config)


def make_core(folder: Path, name: str, segments: Sequence[Segment], config: str = "") -> Path:
    """A core of those segments and a config, in a folder of their own; the config's path.

    Args:
        folder: Where that folder is made.
        name: Of that folder.
        segments: What the core holds.
        config: What the config says besides the core's path.
    """
    place = folder / name
    place.mkdir()
    _apart(write_core, place / "app.core", segments)
    path = place / "config.yaml"
    path.write_text(f"dump: app.core\n{config}")
    return path


def make_file(path: Path, size: int) -> None:
    """`size` library bytes without any format, all of them written: no holes."""
    _apart(_write_file, path, size)


def mixed(size: int) -> list[Segment]:
    """100 regions that grow from a page to a few percent of the whole, as mappings of a process do.

    One in four is zero pages.
    """
    return [
        [Piece("zeros" if number % 4 == 3 else "library", one)]
        for number, one in enumerate(region_sizes(size))
    ]


def region_sizes(size: int) -> list[int]:
    """Whole pages that add up to `size`, each share twice as large as that a fifth before it."""
    weights = [2 ** (number % 20 / 2) for number in range(REGIONS)]
    pages = [max(1, int(size // PAGE * weight / sum(weights))) for weight in weights]
    pages[-1] += size // PAGE - sum(pages)
    return [count * PAGE for count in pages]


def _apart(write: Callable[[Path, Any], None], path: Path, what: object) -> None:
    """Writes in a process of its own: the names of all libraries are tens of MiB.

    `measure` starts commands from this process, and their peak memory begins at its own.

    Raises:
        SystemExit: It failed; it has said why.
    """
    process = multiprocessing.Process(target=write, args=(path, what))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{path.name} could not be made")


def _write_file(path: Path, size: int) -> None:
    with path.open("wb") as file:
        copy(file, library_bytes(), size)
        file.flush()
        os.fsync(file.fileno())

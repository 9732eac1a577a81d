"""Small dumps, real `memtiles` processes, and a folder as one comparable value."""

from __future__ import annotations

import hashlib
import os
import random
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from builders.elf import Load, elf_core, nt_file

PAGE = 4096
CONFIG = "dump: app.core\ntiles: {size: 256, region_pyramids_from: 64KiB}\n"


@cache
def small_core(heap: str = "first") -> bytes:
    """A core with a library, a heap that differs by name, single pages, and holes: 450 kB.

    The library and the heap are large enough for pyramids of their own, the pages are not.
    """
    library = random.Random("library").randbytes
    pages = random.Random("pages").randbytes
    loads = [
        Load(0x1000_0000, random.Random(heap).randbytes(200_123), memsz=60 * PAGE, flags=6),
        *(Load(0x2000_0000 + 2 * i * PAGE, pages(PAGE), flags=6) for i in range(4)),
        Load(0x7FFF_0000_0000, library(50 * PAGE), flags=5),
        Load(0x7FFF_0004_0000, library(3 * PAGE), memsz=6 * PAGE, flags=6),
    ]
    files = [
        (0x7FFF_0000_0000, 0x7FFF_0003_2000, 0, b"/usr/lib/libsmall.so"),
        (0x7FFF_0004_0000, 0x7FFF_0004_6000, 50, b"/usr/lib/libsmall.so"),
    ]
    return elf_core(loads, nt_file(files))


def write_inputs(folder: Path, heap: str = "first") -> Path:
    """Writes the small core and its config into a folder; returns the config's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.core").write_bytes(small_core(heap))
    (folder / "config.yaml").write_text(CONFIG)
    return folder / "config.yaml"


def command(*arguments: str | Path) -> list[str]:
    """The command line of a real memtiles process."""
    return [sys.executable, "-m", "memtiles", *map(str, arguments)]


@dataclass(frozen=True)
class Outcome:
    """How a process ended: exit code, and what it said on stderr, line by line."""

    code: int
    errors: list[str]


def memtiles(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    wrapper: tuple[str, ...] = (),
) -> Outcome:
    """Runs memtiles to its end.

    Args:
        arguments: Of the command line.
        environment: Variables besides those of this process.
        wrapper: A command that runs the command, such as `setpriv`.
    """
    done = subprocess.run(
        [*wrapper, *command(*arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    return Outcome(done.returncode, done.stderr.splitlines())


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    """Every path below a folder with its mode, and the digest of a file or the target of a link."""
    return {
        path.relative_to(folder).as_posix(): (path.lstat().st_mode, _content(path))
        for path in [folder, *folder.rglob("*")]
    }


def _content(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else ""

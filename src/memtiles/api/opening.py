"""`memtiles.open`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from memtiles.api.dump import Dump
from memtiles.errors import UnknownFormatError, UsageError
from memtiles.memory.address import show
from memtiles.memory.formats import open_dump, open_process
from memtiles.memory.options import Options
from memtiles.memory.space import SpaceKind


def open(
    dump: str | os.PathLike[str] | int,
    /,
    *,
    format: str = "auto",
    base: int | None = None,
    space: Literal["virtual", "physical"] | None = None,
    cr3: int | Literal["auto"] | None = None,
) -> Dump:
    """Opens a dump.

    Args:
        dump: A file, or the number of a running process (on Linux). A file that ends in .gz or .xz
            is unpacked first.
        format: A format's name, or "auto" to go by the file's first bytes. "raw" takes any file,
            and only those who ask for it get it: a library does not guess.
        base: The address of a raw file's first byte; 0 for None.
        space: Which addresses are meant; None for the dump's own first ones.
        cr3: The physical address of the top page table of a machine whose dump does not tell it;
            "auto" searches the image for that of Linux.

    Raises:
        UnknownFormatError: No format recognises the file; `format="raw"` takes it.
        DumpError: It cannot be opened, or is malformed.
        UsageError: An option that does not fit.
        LimitError: It asks for more than a stated limit.
        DiskFullError: There is no room to unpack it.
    """
    if isinstance(dump, bool):
        raise TypeError("a path or the number of a process is needed")
    if isinstance(dump, int):
        if format not in ("auto", "process") or (base, space, cr3) != (None, None, None):
            raise UsageError(f"process {dump}: takes no format, base, space or cr3")
        return Dump(open_process(dump))
    if space not in (None, *SpaceKind):
        raise UsageError(f"space {show(str(space))}: write one of {', '.join(SpaceKind)}")
    path = Path(dump).absolute()
    try:
        options = Options(base, SpaceKind(space) if space else None, cr3)
        return Dump(open_dump(dump, format, options), path)
    except UnknownFormatError as error:
        raise UnknownFormatError(f'{error}, as memtiles.open(..., format="raw")') from None

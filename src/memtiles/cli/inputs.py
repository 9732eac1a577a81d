"""Opening what the user names: a file, a running process, or standard input."""

from __future__ import annotations

import argparse
import re
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.cli import terminal
from memtiles.errors import UnknownFormatError, UsageError

if TYPE_CHECKING:
    from memtiles.memory.dump import Dump
    from memtiles.memory.files.source import FileSource

STANDARD_STREAM = "-"
PROCESS = re.compile("pid:([1-9][0-9]{0,9})")


def open_input(options: argparse.Namespace) -> Dump:
    """The dump that `input` names; what no format recognises is raw, and that is said.

    Raises:
        UsageError: An option that does not fit.
        DumpError: It cannot be opened, or is malformed.
    """
    from memtiles.memory.formats import open_process, open_source
    from memtiles.memory.options import Options
    from memtiles.memory.space import SpaceKind

    process = PROCESS.fullmatch(options.input)
    if process:
        if options.format not in ("auto", "process") or (options.base, options.cr3) != (None, None):
            raise UsageError(f"{options.input}: a process takes no --format, --base or --cr3")
        return open_process(int(process[1]))
    space = None if options.space is None else SpaceKind(options.space)
    known = Options(options.base, space, options.cr3)
    source = _open_source(options.input)
    try:
        try:
            return open_source(source, options.format, known)
        except UnknownFormatError:
            dump = open_source(source, "raw", known)
            terminal.print_notes([f"{dump.name}: not a dump of a known format: taken as raw"])
            return dump
    except BaseException:
        source.close()
        raise


def _open_source(name: str) -> FileSource:
    from memtiles.memory.files.source import FileSource

    return FileSource.of_standard_input() if name == STANDARD_STREAM else FileSource.open(name)


def is_packed(name: str) -> bool:
    """Whether a file of that name is unpacked where its addresses are meant."""
    from memtiles.memory.files.unpack import packing_of

    return bool(packing_of(Path(name)))


def open_own_bytes(name: str) -> Dump:
    """All bytes of a file as they lie in it, whatever its format; an archive stays packed.

    Raises:
        DumpError: It cannot be opened.
    """
    from memtiles.memory.files.source import FileSource
    from memtiles.memory.formats import open_source

    stdin = name == STANDARD_STREAM
    source = FileSource.of_standard_input() if stdin else FileSource.open_as_it_is(name)
    return open_source(source, "raw")


def open_own_file(name: str) -> FileIO:
    """The same as a plain file, to be copied."""
    from memtiles.memory.files.open_file import open_regular, open_standard_input

    return open_standard_input() if name == STANDARD_STREAM else open_regular(Path(name))

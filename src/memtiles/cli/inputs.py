"""Opening what the user names: a file, a running process, or standard input."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from memtiles.cli import terminal
from memtiles.errors import UnknownFormatError, UsageError

if TYPE_CHECKING:
    from memtiles.memory.dump import Dump
    from memtiles.memory.source import FileSource

STANDARD_STREAM = "-"
_PROCESS = re.compile("pid:([1-9][0-9]{0,9})")


def open_input(options: argparse.Namespace) -> Dump:
    """The dump that `input` names; what no format recognises is raw, and that is said.

    Raises:
        UsageError: An option that does not fit.
        DumpError: It cannot be opened, or is malformed.
    """
    from memtiles.memory.formats import open_process, open_source
    from memtiles.memory.space import SpaceKind

    process = _PROCESS.fullmatch(options.input)
    if process:
        if options.format not in ("auto", "process") or options.base is not None:
            raise UsageError(f"{options.input}: a process takes neither --format nor --base")
        return open_process(int(process[1]))
    space = None if options.space is None else SpaceKind(options.space)
    source = _open_source(options.input)
    try:
        try:
            return open_source(source, options.format, options.base, space)
        except UnknownFormatError:
            dump = open_source(source, "raw", options.base, space)
            terminal.print_notes([f"{dump.name}: not a dump of a known format: taken as raw"])
            return dump
    except BaseException:
        source.close()
        raise


def _open_source(name: str) -> FileSource:
    from memtiles.memory.source import FileSource

    return FileSource.of_standard_input() if name == STANDARD_STREAM else FileSource.open(name)

"""The formats of dumps: every module of this folder that offers a `FORMAT` is one.

Adding a format is one new file here and one test file; nothing else names it.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from functools import cache
from typing import Protocol

from memtiles.errors import DumpError, UnknownFormatError, UsageError
from memtiles.memory.dump import Dump
from memtiles.memory.files.source import FileSource
from memtiles.memory.options import Options
from memtiles.memory.signatures import known_kind
from memtiles.memory.space import SpaceKind

_ANY_FILE = "`format: raw` in a config, or `--format raw`, pictures any file"

HEAD_SIZE = 4096
"""How many bytes from the start of a file `sniff` is shown."""


class Format(Protocol):
    """One kind of dump. `raw` is the only one that `auto` never picks."""

    @property
    def name(self) -> str:
        """As users write it in `format:`, such as "elf-core"."""

    @property
    def takes(self) -> frozenset[str]:
        """Which options beside `space` mean something here: of "base" and "cr3"."""

    def sniff(self, head: bytes) -> bool:
        """Whether a file that starts with `head` (at most `HEAD_SIZE` bytes) is of this format.

        A file that is damaged further on is still this format's, so that its error is the one
        that the user sees.
        """

    def open(self, source: FileSource, options: Options) -> Dump:
        """Reads the dump's tables. The dump's `close` closes the source; on errors the caller does.

        Raises:
            DumpError: The tables are damaged beyond use.
            LimitError: They are larger than a stated limit.
            UsageError: An option that does not fit this dump.
        """


# What a dump has itself, so that the option that says it is for others.
_OWN = {
    "base": "has its own addresses: base is for raw",
    "cr3": "holds no physical memory: cr3 is for images of a whole machine",
}


@cache
def formats() -> dict[str, Format]:
    """All formats by name, in the order in which they are asked."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]
    found = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return {format.name: format for format in sorted(found, key=lambda each: str(each.name))}


def open_dump(
    path: str | os.PathLike[str],
    format: str = "auto",
    options: Options = Options(),
) -> Dump:
    """Opens a dump file.

    Args:
        path: The file; .gz and .xz are unpacked to a temp file.
        format: A format's name, or "auto" to go by the file's first bytes. `raw` takes any file
            and is never picked by "auto".
        options: What else the user says. The space that he means comes first in the dump.

    Raises:
        UsageError: An unknown format, or an option that does not fit.
        UnknownFormatError: No format recognises it.
        DumpError: The file cannot be opened or is malformed.
        LimitError: The file asks for more than a stated limit.
        DiskFullError: There is no room to unpack it.
    """
    source = FileSource.open(path)
    try:
        return open_source(source, format, options)
    except BaseException:
        source.close()
        raise


def open_source(source: FileSource, format: str = "auto", options: Options = Options()) -> Dump:
    """Opens the dump in a file that is open already, and stays so on errors; as `open_dump`."""
    if format != "auto" and format not in formats():
        known = ", ".join(formats())
        raise UsageError(f"unknown format {format!r}: write auto or one of {known}")
    reader = formats()[format] if format != "auto" else _sniffed(source)
    for option, reason in _OWN.items():
        if getattr(options, option) is not None and option not in reader.takes:
            raise UsageError(f"{source.name}: {reader.name} {reason}")
    dump = reader.open(source, options)
    return dump if options.space is None else _led_by(dump, options.space)


def open_process(pid: int) -> Dump:
    """Opens the memory of a running process, on Linux.

    Raises:
        DumpError: No such process, no permission, no memory of its own, or another system.
    """
    from memtiles.memory.formats import process

    return process.open_process(pid)


def _sniffed(source: FileSource) -> Format:
    head = source.read(0, HEAD_SIZE)
    for format in formats().values():
        if format.sniff(head):
            return format
    if kind := known_kind(head):
        raise DumpError(f"{source.name}: {kind}; {_ANY_FILE}")
    raise UnknownFormatError(
        f"{source.name}: its first bytes ({head[:8].hex(' ')}) are not those of a known dump; "
        f"{_ANY_FILE}"
    )


def _led_by(dump: Dump, kind: SpaceKind) -> Dump:
    space = dump.space(kind)
    if space is None:
        held = " and ".join(each.name for each in dump.spaces)
        raise UsageError(f"{dump.name}: has no {kind} addresses, only {held} ones")
    dump.spaces = (space, *(other for other in dump.spaces if other is not space))
    return dump

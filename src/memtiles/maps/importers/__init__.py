"""Maps from other tools: every module of this folder that offers an `IMPORTER` reads one kind.

Adding an importer is one new file here and one test file; nothing else names it.
"""

from __future__ import annotations

import codecs
import importlib
import os
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from memtiles.errors import DumpError, LimitError, UsageError
from memtiles.memory.dump import Mapping, Module
from memtiles.memory.files.source import FileSource
from memtiles.memory.span import Span

TEXT_LIMIT = 256 << 20
"""Bytes of a map's text; /proc/PID/smaps of a million mappings has about as many."""

SNIFFED = 512 << 10
"""Characters that an importer sees to tell whether a text is of its kind."""

_KERNEL_HALF = 1 << 63
_MOST_PIDS = 20


@dataclass(frozen=True)
class ImportedMap:
    """What a map says, in address order. Mappings of Kind.MODULE cover every module.

    Attributes:
        warnings: What was not understood or is left out, each with its line's number.
        process: The map is of this one process's own addresses; None where they are everybody's,
            as a kernel's are, or where the map does not tell whose.
    """

    mappings: tuple[Mapping, ...]
    modules: tuple[Module, ...]
    warnings: tuple[str, ...] = ()
    process: int | None = None


class Importer(Protocol):
    """One kind of map."""

    @property
    def name(self) -> str:
        """As users write it in `format:`, such as "lm"."""

    def sniff(self, text: str) -> bool:
        """Whether a text, of which this is the beginning, is of this kind, by its contents.

        No two importers may say yes to one text.
        """

    def read(self, text: str, name: str) -> Sequence[ImportedMap]:
        """Reads the text of a map, which messages call `name`.

        Returns:
            A map for each process that the text tells of, or a single one.

        Raises:
            DumpError: The text is malformed; the message has the line's number.
        """


@cache
def importers() -> dict[str, Importer]:
    """All importers by name, in the order in which they are asked."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]
    found = [module.IMPORTER for module in modules if hasattr(module, "IMPORTER")]
    return {each.name: each for each in sorted(found, key=lambda each: str(each.name))}


def read_map(
    path: str | os.PathLike[str], format: str = "auto", rebase: int = 0, pid: int | None = None
) -> ImportedMap:
    """Reads a map that another tool wrote.

    Args:
        path: The text; UTF-8, or UTF-16 with its mark as PowerShell writes it; may be .gz or .xz.
        format: An importer's name, or "auto" to go by the contents.
        rebase: Added to every address; may be negative.
        pid: The process that is meant, in a map that tells of several.

    Raises:
        UsageError: An unknown format; `rebase` moves a row out of the address space; the map tells
            of several processes and `pid` of none of them.
        DumpError: The file cannot be read, is not recognised, is malformed or holds no row.
        LimitError: It is larger than 256 MiB.
    """
    if format != "auto" and format not in importers():
        known = ", ".join(importers())
        raise UsageError(f"unknown format of a map {format!r}: write auto or one of {known}")
    name = Path(path).name
    text = _text(path)
    importer = importers()[format] if format != "auto" else _sniffed(text, name)
    maps = importer.read(text, name)
    if not any(one.mappings for one in maps):
        why = next((f" ({one.warnings[0]})" for one in maps if one.warnings), "")
        raise DumpError(f"{name}: holds no row of a map of format {importer.name}{why}")
    read = _of_process(maps, pid, name)
    return _moved(read, rebase, name) if rebase else read


def _text(path: str | os.PathLike[str]) -> str:
    source = FileSource.open(path, limit=TEXT_LIMIT)
    try:
        if source.size > TEXT_LIMIT:
            raise LimitError(f"{source.name}: a map of more than {TEXT_LIMIT} bytes is not read")
        data = source.read(0, source.size)
    finally:
        source.close()
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if utf16 else "utf-8-sig", "backslashreplace")


def _sniffed(text: str, name: str) -> Importer:
    head = text[:SNIFFED]
    for importer in importers().values():
        if importer.sniff(head):
            return importer
    known = ", ".join(importers())
    raise DumpError(f"{name}: not recognised as a map of any known kind ({known})")


def _of_process(maps: Sequence[ImportedMap], pid: int | None, name: str) -> ImportedMap:
    """The map that is meant."""
    pids = sorted(one.process for one in maps if one.process is not None)
    if pid is not None and not pids:
        raise UsageError(f"{name}: does not tell processes apart; remove pid")
    chosen = [one for one in maps if pid in (None, one.process)]
    if len(chosen) == 1:
        return _everybodys(chosen[0])
    named = ", ".join(map(str, pids[:_MOST_PIDS]))
    named += f" and {len(pids) - _MOST_PIDS} more" if len(pids) > _MOST_PIDS else ""
    if pid is None:
        raise UsageError(f"{name}: tells of several processes; choose one with pid: {named}")
    raise UsageError(f"{name}: has no process {pid}; it tells of {named}")


def _everybodys(read: ImportedMap) -> ImportedMap:
    """Takes the process off a map of kernel addresses alone: they are the same in every process.

    Drivers are listed as modules of process 4, System; the page tables of any process map them.
    """
    own = any(mapping.span.start < _KERNEL_HALF for mapping in read.mappings)
    return read if own else replace(read, process=None)


def _moved(read: ImportedMap, rebase: int, name: str) -> ImportedMap:
    def moved(span: Span) -> Span:
        try:
            return Span(span.start + rebase, span.size)
        except ValueError:
            raise UsageError(
                f"{name}: rebase {rebase:#x} moves {span} out of the 64-bit address space"
            ) from None

    return replace(
        read,
        mappings=tuple(replace(mapping, span=moved(mapping.span)) for mapping in read.mappings),
        modules=tuple(replace(module, span=moved(module.span)) for module in read.modules),
    )

"""Maps from other tools: every module of this folder that offers an `IMPORTER` reads one kind.

Adding an importer is one new file here and one test file; nothing else names it.
"""

from __future__ import annotations

import codecs
import importlib
import os
import pkgutil
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from memtiles.errors import DumpError, LimitError, UsageError
from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.modules import last_part
from memtiles.memory.source import FileSource
from memtiles.memory.span import Span

TEXT_LIMIT = 256 << 20
"""Bytes of a map's text; /proc/PID/smaps of a million mappings has about as many."""


@dataclass(frozen=True)
class ImportedMap:
    """What a map says, in address order. Mappings of Kind.MODULE cover every module.

    Attributes:
        warnings: Lines that were not understood or dropped, each with its number.
    """

    mappings: tuple[Mapping, ...]
    modules: tuple[Module, ...]
    warnings: tuple[str, ...] = ()


class Importer(Protocol):
    """One kind of map."""

    @property
    def name(self) -> str:
        """As users write it in `format:`, such as "lm"."""

    def sniff(self, text: str) -> bool:
        """Whether a text is of this kind, by its contents."""

    def read(self, text: str, name: str) -> ImportedMap:
        """Reads the text of a map, which messages call `name`.

        Raises:
            DumpError: The text is malformed; the message has the line's number.
        """


def module_map(rows: list[tuple[str, Span]], warnings: list[str]) -> ImportedMap:
    """A map that knows whole modules only: `(path, span)` rows in any order."""
    ordered = sorted(rows, key=lambda row: row[1])
    return ImportedMap(
        tuple(Mapping(span, Kind.MODULE, path) for path, span in ordered),
        tuple(Module(last_part(path), path, span) for path, span in ordered),
        tuple(warnings),
    )


@cache
def importers() -> dict[str, Importer]:
    """All importers by name, in the order in which they are asked."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]
    found = [module.IMPORTER for module in modules if hasattr(module, "IMPORTER")]
    return {each.name: each for each in sorted(found, key=lambda each: str(each.name))}


def read_map(path: str | os.PathLike[str], format: str = "auto", rebase: int = 0) -> ImportedMap:
    """Reads a map that another tool wrote.

    Args:
        path: The text; UTF-8, or UTF-16 with its mark as PowerShell writes it; may be .gz or .xz.
        format: An importer's name, or "auto" to go by the contents.
        rebase: Added to every address; may be negative.

    Raises:
        UsageError: An unknown format, or `rebase` moves a row out of the address space.
        DumpError: The file cannot be read, is not recognised or is malformed.
        LimitError: It is larger than 256 MiB.
    """
    if format != "auto" and format not in importers():
        known = ", ".join(importers())
        raise UsageError(f"unknown format of a map {format!r}: write auto or one of {known}")
    name = Path(path).name
    text = _text(path)
    importer = importers()[format] if format != "auto" else _sniffed(text, name)
    read = importer.read(text, name)
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
    for importer in importers().values():
        if importer.sniff(text):
            return importer
    known = ", ".join(importers())
    raise DumpError(f"{name}: not recognised as a map of any known kind ({known})")


def _moved(read: ImportedMap, rebase: int, name: str) -> ImportedMap:
    def moved(span: Span) -> Span:
        try:
            return Span(span.start + rebase, span.size)
        except ValueError:
            raise UsageError(
                f"{name}: rebase {rebase:#x} moves {span} out of the 64-bit address space"
            ) from None

    return ImportedMap(
        tuple(replace(mapping, span=moved(mapping.span)) for mapping in read.mappings),
        tuple(replace(module, span=moved(module.span)) for module in read.modules),
        read.warnings,
    )

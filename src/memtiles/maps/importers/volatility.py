"""What Volatility 3 tells of modules and mappings, of the kernel or of its processes.

Read are windows.modules, windows.modscan, windows.driverscan, windows.dlllist, windows.vadinfo,
windows.vadwalk, linux.proc.Maps, linux.elfs and mac.proc_maps, known by their columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from memtiles.maps.importers import ImportedMap
from memtiles.maps.importers.gather import ByProcess
from memtiles.maps.importers.page_protection import page_protection
from memtiles.maps.importers.rows import Warnings, half_open
from memtiles.maps.importers.volatility_tables import Cells, has_table, table_rows
from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.process.modules import modules_of, with_kinds
from memtiles.memory.span import ADDRESS_LIMIT, Span

_NUMBER = re.compile("0[xX][0-9a-fA-F]{1,17}|[0-9]{1,20}")
_ABSENT = ("", "-", "N/A")
_ACCESS = re.compile("[r-][w-][x-]")
_NO_NAME = "Anonymous Mapping"
_IMAGE = "PAGE_EXECUTE_WRITECOPY"


@dataclass(frozen=True)
class _Layout:
    """What the columns of a plugin's table mean.

    Attributes:
        known_by: Columns that this table has, and none above it in the list all of.
        end: The column that tells the end, in the way of `end_is`.
        rows: What a row is: a whole module, one of Windows' VADs, or a mapping of Linux or macOS.
        names: The columns that may have the name, the best first.
    """

    known_by: frozenset[str]
    start: str
    end: str
    end_is: Literal["size", "exclusive", "inclusive"]
    rows: Literal["module", "vad", "mapping"]
    names: tuple[str, ...]
    protection: str = ""


_LAYOUTS = (
    # "Start VPN" and "End VPN" are addresses, not numbers of pages, whatever they are called.
    _Layout(
        frozenset({"start vpn", "end vpn", "protection"}),
        *("start vpn", "end vpn", "inclusive", "vad", ("file",), "protection"),
    ),
    _Layout(
        frozenset({"start", "end", "parent", "left", "right"}),
        *("start", "end", "inclusive", "vad", ()),
    ),
    _Layout(
        frozenset({"start", "end", "flags", "file path"}),
        *("start", "end", "exclusive", "mapping", ("file path",), "flags"),
    ),
    _Layout(
        frozenset({"start", "end", "protection", "map name"}),
        *("start", "end", "exclusive", "mapping", ("map name",), "protection"),
    ),
    _Layout(
        frozenset({"start", "end", "file path"}),
        *("start", "end", "exclusive", "module", ("file path",)),
    ),
    _Layout(
        frozenset({"base", "size", "name", "path"}),
        *("base", "size", "size", "module", ("path", "name")),
    ),
    _Layout(
        frozenset({"start", "size", "driver name"}),
        *("start", "size", "size", "module", ("driver name", "name", "service key")),
    ),
)


class Volatility:
    """A module or mapping per row, of the process that the row names if it does."""

    name = "volatility"

    def sniff(self, text: str) -> bool:
        return has_table(text, lambda columns: _layout(columns) is not None)

    def read(self, text: str, name: str) -> Sequence[ImportedMap]:
        found = ByProcess()
        plain: dict[int | None, list[Mapping]] = {}
        rows, warnings = table_rows(text, name, lambda columns: _layout(columns) is not None)
        for number, cells in rows:
            layout = _layout(frozenset(cells))
            if layout is None:
                continue
            mapping = _mapping(layout, cells, number, warnings)
            if mapping is None:
                continue
            pid = _number(cells.get("pid"))
            if layout.rows == "mapping":
                plain.setdefault(pid, []).append(mapping)
            elif mapping.kind is Kind.MODULE:
                found[pid].add_module(mapping.name, mapping.span, mapping.protection)
            else:
                found[pid].mappings.append(mapping)
        for pid, mappings in plain.items():
            known = with_kinds(mappings)
            found[pid].mappings += known
            found[pid].modules += modules_of(known)
        return found.maps(warnings.told()) or [ImportedMap((), (), warnings.told())]


IMPORTER = Volatility()


def _layout(columns: frozenset[str]) -> _Layout | None:
    return next((layout for layout in _LAYOUTS if layout.known_by <= columns), None)


def _mapping(layout: _Layout, cells: Cells, number: int, warnings: Warnings) -> Mapping | None:
    start, end = _number(cells.get(layout.start)), _number(cells.get(layout.end))
    name = next((text for column in layout.names if (text := _text(cells.get(column)))), "")
    if start is None or end is None:
        warnings.not_understood(number, ", ".join(f"{key}: {cells[key]}" for key in cells))
        return None
    if layout.end_is == "size":
        end += start
    elif layout.end_is == "inclusive":
        end += 1
    try:
        span = half_open(start, end)
    except ValueError as why:
        warnings.left_out(number, name or hex(start), why)
        return None
    return _as(layout, span, name, cells)


def _as(layout: _Layout, span: Span, name: str, cells: Cells) -> Mapping:
    protection = _text(cells.get(layout.protection))
    if layout.rows == "module":
        return Mapping(span, Kind.MODULE, name)
    if layout.rows == "mapping":
        path = "" if name == _NO_NAME else name
        offset = _number(cells.get("pgoff"))
        access = protection if _ACCESS.fullmatch(protection) else None
        return Mapping(span, Kind.ANONYMOUS, path, access, offset)
    # An image is mapped so that writing copies and all may run; its pages are protected further.
    image = name and _IMAGE in protection
    kind = Kind.MODULE if image else Kind.FILE if name else Kind.ANONYMOUS
    return Mapping(span, kind, name, page_protection(protection))


def _number(cell: object) -> int | None:
    """A number as JSON and the others have it; None for what is none, or has over 64 bits."""
    if isinstance(cell, str):
        found = _NUMBER.fullmatch(cell)
        cell = int(cell, 16 if "x" in cell.lower() else 10) if found else None
    # True is an int too.
    return cell if type(cell) is int and 0 <= cell <= ADDRESS_LIMIT else None


def _text(cell: object) -> str:
    if not isinstance(cell, str) or cell in _ABSENT:
        return ""
    # JSON can spell half a character, "\\ud800", which no file and no terminal takes.
    return cell.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

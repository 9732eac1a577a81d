"""Comma-separated rows `name,start,end`: what a script or a spreadsheet writes."""

from __future__ import annotations

import csv
import io

from memtiles.errors import AddressError, DumpError
from memtiles.maps.importers import ImportedMap, module_map
from memtiles.memory.address import parse_address
from memtiles.memory.span import Span

_COLUMNS = ("name", "start", "end")


class Csv:
    """A module per row, `end` exclusive, addresses in hex.

    The first row names the columns, in any order and with others between them. Without such a row,
    which only `format: csv` accepts, the columns are name, start, end.
    """

    name = "csv"

    def sniff(self, text: str) -> bool:
        first = text.lstrip().split("\n", 1)[0]
        return set(_COLUMNS) <= set(_cells(next(csv.reader([first]), [])))

    def read(self, text: str, name: str) -> ImportedMap:
        rows = csv.reader(io.StringIO(text, newline=""))
        columns: tuple[int, ...] | None = None
        modules = []
        try:
            for row in rows:
                place = f"{name}:{rows.line_num}"
                if not any(cell.strip() for cell in row):
                    continue
                if columns is None:
                    cells = _cells(row)
                    if set(_COLUMNS) <= set(cells):
                        columns = tuple(cells.index(column) for column in _COLUMNS)
                        continue
                    columns = (0, 1, 2)
                modules.append(_row(row, columns, place))
        except csv.Error as problem:
            raise DumpError(f"{name}:{rows.line_num}: not a CSV row: {problem}") from None
        return module_map(modules, [])


IMPORTER = Csv()


def _cells(row: list[str]) -> list[str]:
    return [cell.strip().lower() for cell in row]


def _row(row: list[str], columns: tuple[int, ...], place: str) -> tuple[str, Span]:
    if len(row) <= max(columns):
        raise DumpError(f"{place}: {len(row)} cells, but name, start and end are needed")
    name, start_text, end_text = (row[column].strip() for column in columns)
    try:
        return name, Span.between(parse_address(start_text), parse_address(end_text))
    except (AddressError, ValueError) as problem:
        raise DumpError(f"{place}: {problem}") from None

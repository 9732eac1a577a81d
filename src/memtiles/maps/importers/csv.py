"""Comma-separated rows `name,start,end`: what a script or a spreadsheet writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from memtiles.errors import AddressError, DumpError
from memtiles.maps.importers import ImportedMap
from memtiles.maps.importers.gather import Gathered
from memtiles.maps.importers.rows import parse_end
from memtiles.memory.address import parse_address
from memtiles.memory.span import Span

_COLUMNS = ("name", "start", "end")
# The first column of Volatility's CSV, whose tables may have these three too.
_VOLATILITY = "treedepth"


class Csv:
    """A module per row, `end` exclusive, addresses in hex.

    The first row names the columns, in any order and with others between them. Without such a row,
    which only `format: csv` accepts, the columns are name, start, end. A program writes this, not
    a person: a row that is not understood is an error.
    """

    name = "csv"

    def sniff(self, text: str) -> bool:
        first = text.lstrip().split("\n", 1)[0]
        try:
            cells = _cells(next(csv.reader([first]), []))
        except csv.Error:
            return False
        return set(_COLUMNS) <= set(cells) and _VOLATILITY not in cells

    def read(self, text: str, name: str) -> Sequence[ImportedMap]:
        rows = csv.reader(io.StringIO(text, newline=""))
        columns: tuple[int, ...] | None = None
        found = Gathered()
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
                found.add_module(*_row(row, columns, place))
        except csv.Error as problem:
            raise DumpError(f"{name}:{rows.line_num}: not a CSV row: {problem}") from None
        return [found.map(())]


IMPORTER = Csv()


def _cells(row: list[str]) -> list[str]:
    return [cell.strip().lower() for cell in row]


def _row(row: list[str], columns: tuple[int, ...], place: str) -> tuple[str, Span]:
    if len(row) <= max(columns):
        raise DumpError(f"{place}: {len(row)} cells, but name, start and end are needed")
    name, start_text, end_text = (row[column].strip() for column in columns)
    try:
        return name, Span.between(parse_address(start_text), parse_end(end_text))
    except (AddressError, ValueError) as problem:
        raise DumpError(f"{place}: {problem}") from None

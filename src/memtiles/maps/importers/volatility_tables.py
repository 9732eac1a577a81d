"""The tables that Volatility 3 writes, read by its own renderers' forms: JSON, CSV and text.

Rows come out as cells by their column's name, in lower case. The forms are those that
volatility3/cli/text_renderer.py writes (`-r json`, `jsonl`, `csv`, `quick` and `pretty`).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat

from memtiles.errors import DumpError
from memtiles.maps.importers.rows import Warnings, numbered

Cells = dict[str, object]
Known = Callable[[frozenset[str]], bool]
"""Whether names of columns are those of a table that is read."""

_JSON = re.compile(r"^[ \t]*(?=\[\s*(?:\]|\{)|\{\s*\")", re.MULTILINE)
_KEY = re.compile(r'"([^"\\\n]{1,40})"[ \t]*:')
_BLANK = re.compile(r"\s*")
_CHILDREN = "__children"
_SNIFFED_JSON = 1 << 16


def has_table(text: str, known: Known) -> bool:
    """Whether a text, of which this is the beginning, holds a table of known columns."""
    if (found := _JSON.search(text)) is not None:
        keys = _KEY.findall(text, found.end(), found.end() + _SNIFFED_JSON)
        if _CHILDREN in keys:
            return known(frozenset(key.lower() for key in keys))
    return any(_columns(line, known) is not None for _, line in numbered(text))


def table_rows(text: str, name: str, known: Known) -> tuple[Iterator[tuple[int, Cells]], Warnings]:
    """The rows of all tables in a text, numbered, and where warnings of them go.

    JSON has its rows counted, for they have no lines of their own.

    Raises:
        DumpError: The text is JSON, but malformed.
    """
    start = _JSON.search(text)
    if start is not None and '"' + _CHILDREN in text:
        warnings = Warnings(name, "row")
        return enumerate(_json_rows(text, start.end(), name), start=1), warnings
    warnings = Warnings(name)
    return _separated_rows(text, name, known, warnings), warnings


def _json_rows(text: str, start: int, name: str) -> Iterator[Cells]:
    """The rows of JSON, or of JSON Lines; a row's children follow it."""
    decoder = json.JSONDecoder()
    values = []
    while text[start : start + 1] in ("[", "{"):
        try:
            value, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError as problem:
            raise DumpError(f"{name}:{problem.lineno}: not JSON: {problem.msg}") from None
        except (ValueError, RecursionError):
            # An integer of more digits than Python converts, or a list in a list in a list …
            raise DumpError(f"{name}: JSON that no table of Volatility's is written as") from None
        values.append(value)
        blank = _BLANK.match(text, end)
        start = blank.end() if blank else end
    waiting = values[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, dict):
            waiting.append(value.pop(_CHILDREN, []))
            yield {key.strip().lower(): cell for key, cell in value.items()}


def _separated_rows(
    text: str, name: str, known: Known, warnings: Warnings
) -> Iterator[tuple[int, Cells]]:
    lines = numbered(text)
    columns: _Columns | None = None
    for number, line in lines:
        found = _columns(line, known)
        if found is not None and found.separator == ",":
            yield from _csv_rows(found.names, lines, number, name, warnings)
        elif found is not None:
            columns = found
        elif columns is not None and columns.separator in line:
            yield number, columns.cells(line)


class _Columns:
    """The names of a table's columns and what stands between them."""

    def __init__(self, separator: str, line: str) -> None:
        self.separator = separator
        self.names = [name.lower() for name in self._split(line)]

    def cells(self, line: str) -> Cells:
        """The cells of a row; empty ones for those that it lacks."""
        return dict(zip(self.names, chain(self._split(line), repeat("")), strict=False))

    def _split(self, line: str) -> list[str]:
        # Stars before the first cell show how deep a row lies in a tree.
        row = line.lstrip("* ").removeprefix("| ")
        return [cell.strip() for cell in row.split(self.separator)]


def _columns(line: str, known: Known) -> _Columns | None:
    """The columns that a line names, if they are those of a table that is read."""
    for separator in ("\t", " | ", ","):
        if separator in line:
            found = _Columns(separator, line)
            csv_like = found.names[0] == "treedepth"
            if csv_like is (separator == ",") and known(frozenset(found.names)):
                return found
    return None


def _csv_rows(
    columns: Sequence[str],
    lines: Iterator[tuple[int, str]],
    header: int,
    name: str,
    warnings: Warnings,
) -> Iterator[tuple[int, Cells]]:
    """The rows below a header; a cell in quotes may have several lines."""
    rows = csv.reader(line + "\n" for _, line in lines)
    try:
        for row in rows:
            number = header + rows.line_num
            if len(row) >= len(columns):
                yield number, dict(zip(columns, map(_unescaped, row), strict=False))
            elif any(cell.strip() for cell in row):
                warnings.not_understood(number, ",".join(row))
    except csv.Error as problem:
        raise DumpError(f"{name}:{header + rows.line_num}: not a CSV row: {problem}") from None


def _unescaped(cell: str) -> str:
    r"""A cell as it was before the writer escaped it.

    Volatility's CSV has the backslash for its escape character. New Pythons double those in the
    text, `\\Windows\\System32`, and old ones did not. So a cell is taken for escaped if all of its
    backslashes are doubled. Test: test_backslashes_of_csv.
    """
    runs = re.findall(r"\\+", cell)
    return cell.replace("\\\\", "\\") if all(len(run) % 2 == 0 for run in runs) else cell

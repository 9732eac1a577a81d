"""What the importers share: numbered lines, spans, and what is said of rows that are left out."""

from __future__ import annotations

from collections.abc import Iterator

from memtiles.memory.address import parse_address
from memtiles.memory.span import ADDRESS_LIMIT, Span

MOST_WARNINGS = 100
_SHOWN = 80


class Warnings:
    """One line for each row that is left out, up to a hundred; the rest are counted."""

    def __init__(self, name: str, unit: str = "") -> None:
        """`unit` is what the numbers count where they do not count lines, such as "row"."""
        self._place = f"{name}: {unit} " if unit else f"{name}:"
        self._name = name
        self._lines: list[tuple[int, str]] = []
        self._more = 0
        self._unloaded: list[str] = []

    def add(self, number: int, message: str) -> None:
        """Warns of the line with that number."""
        if len(self._lines) < MOST_WARNINGS:
            self._lines.append((number, f"{self._place}{number}: {message}"))
        else:
            self._more += 1

    def not_understood(self, number: int, row: str) -> None:
        """Warns of a line that looks like a row and is none."""
        self.add(number, f"not understood: {row.strip()[:_SHOWN]!r}")

    def left_out(self, number: int, what: str, why: object) -> None:
        """Warns of a row that has no addresses, by its name."""
        self.add(number, f"{what[:_SHOWN]!r} {why}: left out")

    def unloaded(self, count: int) -> None:
        """Warns of modules that were unloaded, whose addresses may hold anything by now."""
        if count:
            noun = "module is" if count == 1 else "modules are"
            self._unloaded = [f"{self._name}: {count} unloaded {noun} left out: not in memory"]

    def told(self) -> tuple[str, ...]:
        """All of it, in the order of the text."""
        more = [f"{self._name}: and {self._more} more such lines"] if self._more else []
        return (*(line for _, line in sorted(self._lines)), *more, *self._unloaded)


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text as editors number them, from 1.

    Not `str.splitlines`, which also splits at form feeds and the like: paths may hold them.
    """
    start = number = 0
    while start < len(text):
        end = text.find("\n", start)
        end = end if end >= 0 else len(text)
        number += 1
        yield number, text[start:end].removesuffix("\r")
        start = end + 1


def half_open(start: int, end: int, bits: int = 64) -> Span:
    """The span up to, and without, `end`, where 0 is the end of an address space of `bits`.

    Debuggers print the end of a row that reaches the last address as it comes out of their
    arithmetic: 0.

    Raises:
        ValueError: It is empty or leaves the 64-bit address space; the message says so after a
            name.
    """
    if end == 0 < start < 1 << bits:
        end = 1 << bits
    if start == end:
        raise ValueError("is empty")
    if end < start:
        raise ValueError("ends before it begins")
    if end > ADDRESS_LIMIT:
        raise ValueError("has more than 64 bits")
    return Span.between(start, end)


def parse_end(text: str) -> int:
    """The exclusive end that `text` spells: an address, or the first number that is none.

    Raises:
        AddressError: It is neither.
    """
    digits = text.strip().lower().removeprefix("0x").replace("`", "")
    return ADDRESS_LIMIT if digits == f"{ADDRESS_LIMIT:x}" else parse_address(text)

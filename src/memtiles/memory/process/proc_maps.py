"""The text of `/proc/PID/maps` and `/proc/PID/smaps` (man 5 proc)."""

from __future__ import annotations

import re

from memtiles.errors import DumpError
from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.process.modules import with_kinds
from memtiles.memory.span import ADDRESS_LIMIT, Span

MAPS_LINE = re.compile(
    r"\s*([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-][w-][x-][ps-]) ([0-9a-f]{1,16}) "
    r"[0-9a-f]+:[0-9a-f]+ [0-9]+(?:[ \t]+(.*))?"
)
"""A line of maps or the head of a smaps entry: start, end (exclusive), protection, offset, path."""

_SMAPS_DETAIL = re.compile(r"\s*[A-Za-z_]+:(\s.*)?")


def parse_proc_maps(text: str, name: str) -> tuple[Mapping, ...]:
    r"""Reads maps or smaps text, whose detail lines are skipped.

    Args:
        text: The text. A path's newlines stand in it as `\012`, as the kernel writes them.
        name: What messages call it.

    Returns:
        The mappings in address order, with their kinds.

    Raises:
        DumpError: A line is malformed; the message has its number.
    """
    mappings = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        mapping = parse_maps_line(line, f"{name}:{number}")
        if mapping is not None:
            mappings.append(mapping)
        elif line.strip() and not _SMAPS_DETAIL.fullmatch(line):
            raise DumpError(f"{name}:{number}: not a line of /proc/PID/maps: {line[:80]!r}")
    return with_kinds(mappings)


def parse_maps_line(line: str, place: str) -> Mapping | None:
    """The mapping of one line, its kind not told yet, or None where the line is of another form.

    Raises:
        DumpError: It ends before it begins; the message starts with `place`.
    """
    row = MAPS_LINE.fullmatch(line)
    if row is None:
        return None
    start, end, offset = int(row[1], 16), int(row[2], 16), int(row[4], 16)
    if not start < end <= ADDRESS_LIMIT:
        raise DumpError(f"{place}: the mapping {row[1]}-{row[2]} ends before it begins")
    path = (row[5] or "").replace("\\012", "\n")
    return Mapping(Span.between(start, end), Kind.ANONYMOUS, path, row[3], offset)

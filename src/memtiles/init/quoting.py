"""Foreign text as scalars of YAML, and as matches of a config."""

from __future__ import annotations

from memtiles.printable import printable

# A longer name is told by its beginning; one of 10,000 letters would hide the rest of the file.
_LONGEST_NAME = 60


def quoted(text: str) -> str:
    """The text as a double-quoted scalar of YAML, on one line, with nothing invisible in it.

    What Python prints YAML allows, and what Python escapes YAML understands.
    """
    return '"' + printable(text.replace("\\", r"\\").replace('"', r"\"")) + '"'


def pattern(name: str) -> str:
    """A match's `name` that fits that region: `?` for what a config may not hold or nobody sees."""
    shown = name[:_LONGEST_NAME]
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else "?" for char in shown)
    return f"{shown}*" if len(name) > _LONGEST_NAME else shown or "*"

"""What a picture says about itself: printers take an unlabelled one for a damaged file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memtiles.crop import Crop

if TYPE_CHECKING:
    from memtiles.exports.picture import Look
    from memtiles.memory.span import Span

_LONGEST_NAME = 200


def describe(name: str, span: Span, look: Look) -> str:
    """A region's picture, in ASCII: a name out of a dump may hold anything."""
    how = f"{look.bits} bits {look.layout}"
    return f"memtiles: {plain(name)} {span.start:#x}+{span.size:#x}, {how}"


def describe_cut(what: str, crop: Crop, width: int, height: int) -> str:
    """The same of a cut."""
    return f"{what}, {crop} of {width}x{height}"


def plain(name: str) -> str:
    """A name in ASCII, on one line, not endless."""
    return name[:_LONGEST_NAME].encode("unicode_escape").decode("ascii")

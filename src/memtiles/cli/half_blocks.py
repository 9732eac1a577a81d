"""A preview in a terminal: a character is two pixels, one above the other, in its two colours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from memtiles.memory.address import windbg_address
from memtiles.printable import printable

if TYPE_CHECKING:
    from memtiles.exports.thumbnail import Thumbnail
    from memtiles.preview import Line, Preview

LINES = 24

# No grey has this colour, nor has what is next to it where a terminal knows only 256 colours.
_HOLE = (0, 0, 95)
_UPPER_HALF = "▀"
_WIDEST = 100
_PIXEL_STEP = 16  # with a round number of pixels in a line its addresses are rounder, too
_NAME_ROOM = 12
_LEGEND_STEPS = 16


def make_console() -> Console:
    """Standard output as rich sees it: its width and colours, NO_COLOR and FORCE_COLOR."""
    return Console(highlight=False, markup=False, emoji=False)


def why_no_preview(console: Console) -> str | None:
    """What keeps a preview from being seen there; None where nothing does."""
    if console.color_system is None or console.no_color:
        if "NO_COLOR" in os.environ:
            return "NO_COLOR is set"
        if os.environ.get("TERM") in ("dumb", "unknown"):
            return f"a terminal of TERM={os.environ['TERM']} shows no colours"
        return "standard output shows no colours; FORCE_COLOR=1 writes them anyway"
    if console.options.ascii_only:
        return f"the encoding of standard output, {console.encoding}, has no half blocks"
    return None


def pixels_across(console: Console, address_bits: int) -> int:
    """How many pixels lie beside each other, between the addresses and the names."""
    room = min(_WIDEST, console.width) - len(windbg_address(0, address_bits)) - 2 - _NAME_ROOM
    return max(_PIXEL_STEP, room // _PIXEL_STEP * _PIXEL_STEP)


def print_preview(console: Console, preview: Preview, address_bits: int) -> None:
    """Prints the picture: a line's first address, its pixels, and what begins in it."""
    addresses = [windbg_address(line.start, address_bits) for line in preview.lines]
    margin = max(map(len, addresses))
    colours = _colours(preview)
    width = preview.greys.shape[1]
    names = min(_WIDEST, console.width) - margin - width - 2
    for number, (line, address) in enumerate(zip(preview.lines, addresses, strict=True)):
        text = Text().append(f"{address:>{margin}} ", "dim")
        above, below = colours[2 * number : 2 * number + 2]
        for top, bottom in zip(above, below, strict=True):
            text.append(_UPPER_HALF if top else " ", Style(color=top, bgcolor=bottom))
        if line.names and names > 0:
            text.append(" ").append_text(_name(line, names))
        console.print(text, no_wrap=True, overflow="crop", crop=True)
    for text in _legend(preview, margin):
        console.print(text, no_wrap=True, overflow="ellipsis")


def print_thumbnail(console: Console, thumbnail: Thumbnail) -> None:
    """Prints a small picture; of an odd number of rows the last has nothing below it."""
    hole = Color.from_rgb(*_HOLE)
    rows: list[list[Color | None]] = [
        [
            Color.from_rgb(*colour) if present else hole
            for colour, present in zip(colours, held, strict=True)
        ]
        for colours, held in zip(
            thumbnail.colours.tolist(), thumbnail.present.tolist(), strict=True
        )
    ]
    rows += [[None] * len(rows[0])] * (len(rows) % 2)
    for above, below in zip(rows[::2], rows[1::2], strict=True):
        text = Text()
        for top, bottom in zip(above, below, strict=True):
            text.append(_UPPER_HALF, Style(color=top, bgcolor=bottom))
        console.print(text, no_wrap=True, overflow="crop", crop=True)


def _colours(preview: Preview) -> list[list[Color | None]]:
    """The colours of the pixels, as whole lines; None behind the last one."""
    width = preview.greys.shape[1]
    hole = Color.from_rgb(*_HOLE)
    flat: list[Color | None] = [
        Color.from_rgb(grey, grey, grey) if present else hole
        for grey, present in zip(
            preview.greys.flat[: preview.count].tolist(),
            preview.present.flat[: preview.count].tolist(),
            strict=True,
        )
    ]
    flat += [None] * (2 * len(preview.lines) * width - preview.count)
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def _name(line: Line, room: int) -> Text:
    """The largest region that begins in a line, and how many others do."""
    others = f" +{len(line.names) - 1}" if len(line.names) > 1 else ""
    name = Text(printable(line.names[0]))
    name.truncate(max(1, room - len(others)), overflow="ellipsis")
    return name.append(others, "dim")


def _legend(preview: Preview, margin: int) -> Iterator[Text]:
    indent = " " * (margin + 1)
    text = Text(f"{indent}00 ")
    for step in range(_LEGEND_STEPS):
        grey = 255 * step // (_LEGEND_STEPS - 1)
        text.append(" ", Style(bgcolor=Color.from_rgb(grey, grey, grey)))
    yield text.append(f" ff   a pixel is the mean of {_bytes(preview.pixel_bytes)}")
    if not preview.present.flat[: preview.count].all():
        text = Text(indent).append("  ", Style(bgcolor=Color.from_rgb(*_HOLE)))
        text.append(" not in the dump")
        if preview.longest_hole is not None:
            text.append(f", at most {_bytes(preview.longest_hole)} of each hole shown")
        yield text


def _bytes(size: int) -> str:
    return f"{size:,} byte{'' if size == 1 else 's'}"

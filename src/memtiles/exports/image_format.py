"""Which kind of image a name asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.errors import LimitError, UsageError
from memtiles.exports.target import STANDARD_OUTPUT

if TYPE_CHECKING:
    from memtiles.tiles.strip import StripFormat

# What no file is longer than, whatever the user allows: offsets are signed.
_FILE_LIMIT = (1 << 63) - 1

_ENDINGS: dict[str, StripFormat] = {
    ".bmp": "bmp",
    ".png": "png",
    ".tif": "tif",
    ".tiff": "tif",
}


def image_format(target: str, otherwise: StripFormat) -> StripFormat:
    """The format that a name ends in; `otherwise` is for standard output.

    Raises:
        UsageError: It ends in none that is known.
    """
    if target == STANDARD_OUTPUT:
        return otherwise
    try:
        return _ENDINGS[Path(target).suffix.lower()]
    except KeyError:
        raise UsageError(f"{target}: name a file that ends in .bmp, .png or .tif") from None


def check_limit(target: str, size: int, limit: int) -> None:
    """Refuses an output that is larger than the user allows, before anything is done.

    Raises:
        LimitError: It is.
    """
    limit = min(limit, _FILE_LIMIT)
    if size > limit:
        raise LimitError(
            f"{target}: would take {size:,} bytes and at most {limit:,} are allowed: "
            "choose less, or raise --limit"
        )

"""Crops: the rectangle of pixels that is cut out of a picture or an atlas."""

from __future__ import annotations

import re
from dataclasses import dataclass

from memtiles.errors import LayoutError

CROP_FORM = "write WIDTHxHEIGHT+X+Y in pixels, such as 100x18400+9150+0"
CROP_PATTERN = r"^[0-9]{1,12}[xX][0-9]{1,12}\+[0-9]{1,12}\+[0-9]{1,12}$"


@dataclass(frozen=True, slots=True)
class Crop:
    """`width` × `height` pixels whose top left one is (x, y)."""

    width: int
    height: int
    x: int
    y: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}+{self.x}+{self.y}"

    def check(self, width: int, height: int) -> None:
        """Refuses a crop that leaves a plane of that many pixels.

        Raises:
            LayoutError: Says how large the plane is.
        """
        if self.x + self.width > width or self.y + self.height > height:
            raise LayoutError(
                f"crop {self} leaves what there is: {width}x{height}+0+0 is all of it"
            )


def parse_crop(text: str) -> Crop:
    """The crop that `text` spells, as ImageMagick writes a geometry: `100x18400+9150+0`.

    Raises:
        LayoutError: It is none, or has no pixels.
    """
    stripped = text.strip()
    if re.fullmatch(CROP_PATTERN, stripped) is None:
        raise LayoutError(f"{text[:60]!r} is not a crop; {CROP_FORM}")
    width, height, x, y = (int(number) for number in re.split(r"[xX+]", stripped))
    if width == 0 or height == 0:
        raise LayoutError(f"{text[:60]!r} has no pixels; a crop is at least 1x1")
    return Crop(width, height, x, y)

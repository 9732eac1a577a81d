"""What a lens is: a rule bytes → colour, of one of two sorts.

A *colour lens* (`bytes`) makes each pixel of the bytes that it shows. A *value lens* looks at
memory in blocks and gives each byte a value from 1 to 255; colours come from its palette, so that
its tiles are as small as grey ones, and what many pixels come to is decided by values, never by
mixing colours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from memtiles.maps.region import Region
from memtiles.pictures.layout import Bits
from memtiles.pictures.zoom import Zoom

Bytes = npt.NDArray[np.uint8]

MISSING = 0
"""The value of a pixel of which nothing is present."""


class Swatch(NamedTuple):
    """A line of a legend: a colour as `#rrggbb`, and what it stands for."""

    colour: str
    label: str


@dataclass(frozen=True)
class Surroundings:
    """What of a dump a lens may ask for besides the bytes.

    Attributes:
        regions: All regions of the address space, in address order.
        address_bits: 32 or 64.
        byte_order: Of the machine.
    """

    regions: tuple[Region, ...] = field(default=(), repr=False)
    address_bits: int = 64
    byte_order: str = "little"


class Lens(Protocol):
    """What all lenses have.

    Attributes:
        name: The word in configs and manifests.
        version: Part of every key: raised when the same bytes get other colours.
        summary: What it shows, in one sentence.
        zoom: What one pixel shows that stands for many.
        legend: What its colours stand for.
    """

    name: str
    version: int
    summary: str
    zoom: Zoom
    legend: tuple[Swatch, ...]


@runtime_checkable
class ColourLens(Lens, Protocol):
    """Makes each pixel of the bytes that it shows."""

    def bands(self, bits: Bits) -> int:
        """1 for grey pictures, 3 for red, green and blue."""

    def colours(self, pixels: Bytes) -> Bytes:
        """Colours of shape (rows, width, bands) for bytes of shape (rows, width, bytes a pixel)."""


@runtime_checkable
class ValueLens(Lens, Protocol):
    """Gives each byte a value.

    Attributes:
        block: Bytes that it looks at together, a power of two from 1 to 4,096. They are aligned in
            addresses.
        palette: Colours (256, 3) by value; that of 0 is never seen.
    """

    block: int
    palette: Bytes

    def values(self, data: Bytes, present: npt.NDArray[np.bool_] | None) -> Bytes:
        """The value of each byte, from 1 to 255; called from several threads at once.

        Args:
            data: Rows of memory as (rows, bytes), 0 where bytes are missing; each row begins at a
                block and is whole blocks long. Not to be written to.
            present: Likewise, which bytes are present; None where all are. What the values of
                others are does not matter.
        """

    def for_dump(self, surroundings: Surroundings) -> ValueLens:
        """The lens for one dump; itself, unless it asks for more than bytes."""

    @property
    def key(self) -> str:
        """What besides name and version decides the values, such as the regions pointed into."""

"""Lenses: the rules bytes → colour. One file each; this folder's listing is the registry."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from memtiles.errors import UsageError
from memtiles.pictures.layout import Bits


class Lens(Protocol):
    """A rule bytes → colour.

    Attributes:
        name: The word in configs and manifests.
        version: Part of every picture's key: raised when the same bytes get other colours.
    """

    name: str
    version: int

    def bands(self, bits: Bits) -> int:
        """1 for grey pictures, 3 for red, green and blue."""

    def colours(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Colours of shape (rows, width, bands) for bytes of shape (rows, width, bytes a pixel)."""


@cache
def lenses() -> dict[str, Lens]:
    """All lenses by name: the `LENS` of every module in this folder."""
    found = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return {lens.name: lens for lens in (cast(Lens, module.LENS) for module in found)}


def lens(name: str) -> Lens:
    """The lens of that name.

    Raises:
        UsageError: There is none; names those that there are.
    """
    try:
        return lenses()[name]
    except KeyError:
        raise UsageError(f"no lens {name!r}; there are: {', '.join(sorted(lenses()))}") from None

"""Palettes of value lenses: 256 colours each, told apart also by eyes that confuse red and green.

Shares are mixed in linear light, as a screen's pixels would mix in the eye: half of the light of
white is not sRGB 128 but 188.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.pictures.lens import Bytes, Swatch

ZERO = "#08090c"
"""What is nothing in every lens: darker than the page, and of no tone."""


class Strength(NamedTuple):
    """How strongly a category is shown that is not alone in a pixel.

    Attributes:
        offset: What is added to the category's value.
        part: It is for pixels of which more than one `part`-th is no filling.
        colour: How much of the light is the category's; the rest is the first filling's.
    """

    offset: int
    part: int
    colour: float


STRENGTHS = (Strength(0, 4, 1.0), Strength(32, 16, 0.42), Strength(64, 256, 0.16))
"""From full to faint; where still less is no filling, the filling is shown."""


def categories(colours: Mapping[int, str], filling: Sequence[int]) -> Bytes:
    """The palette of categories in all strengths.

    Args:
        colours: `#rrggbb` by value, from 1 to 31.
        filling: Values, of which the first one shines through where others are few. They have one
            strength, and that of all others is mixed with it.
    """
    ground = _to_linear(_rgb(colours[filling[0]]))
    palette = np.empty((256, 3), np.uint8)
    palette[:] = _rgb(colours[filling[0]])
    for value, colour in colours.items():
        light = _to_linear(_rgb(colour))
        for strength in STRENGTHS:
            share = 1.0 if value in filling else strength.colour
            palette[value + strength.offset] = _to_srgb(share * light + (1 - share) * ground)
    return palette


def scale(anchors: Sequence[str], highest: int = 255) -> Bytes:
    """The palette of a scale from 1 to `highest`, evenly in lightness from the first colour on.

    Args:
        anchors: `#rrggbb`, each lighter than the one before.
        highest: The value of the last one, and of all above it.
    """
    rows = np.array([_rgb(anchor) for anchor in anchors], np.float64)
    lightness = [_lightness(row) for row in rows]
    wanted = np.linspace(lightness[0], lightness[-1], highest)
    channels = [np.interp(wanted, lightness, rows[:, channel]) for channel in range(3)]
    palette = np.empty((256, 3), np.uint8)
    palette[1 : highest + 1] = np.rint(np.stack(channels, axis=1))
    palette[0] = palette[1]
    palette[highest + 1 :] = palette[highest]
    return palette


def swatch(palette: Bytes, value: int, label: str) -> Swatch:
    """The line of a legend for a value."""
    red, green, blue = palette[value].tolist()
    return Swatch(f"#{red:02x}{green:02x}{blue:02x}", label)


def _rgb(colour: str) -> npt.NDArray[np.float64]:
    return np.frombuffer(bytes.fromhex(colour.removeprefix("#")), np.uint8).astype(np.float64)


def _to_linear(rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Light from 0 to 1 of sRGB from 0 to 255, as IEC 61966-2-1 has it."""
    part = rgb / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def _to_srgb(light: npt.NDArray[np.float64]) -> Bytes:
    part = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(part * 255), np.uint8)


def _lightness(rgb: npt.NDArray[np.float64]) -> float:
    """L* of CIELAB, from 0 to 100."""
    luminance = float(_to_linear(rgb) @ (0.2126, 0.7152, 0.0722))
    if luminance <= 216 / 24389:
        return luminance * 24389 / 27
    return float(116 * luminance ** (1 / 3) - 16)

"""Pixels and their alpha, and how they are painted on each other."""

from __future__ import annotations

from memtiles.pictures.patch import Pixels


def has_alpha(pixels: Pixels) -> bool:
    """Whether the last band says what is missing."""
    return int(pixels.shape[2]) % 2 == 0


def paint(place: Pixels, pixels: Pixels) -> None:
    """Copies pixels into a place of the same size that has as many bands or more."""
    if has_alpha(place):
        colours = colours_of(pixels)
        place[:, :, :-1] = pixels[:, :, :colours]
        place[:, :, -1] = pixels[:, :, -1] if has_alpha(pixels) else 255
    else:
        place[:] = pixels


def colours_of(pixels: Pixels) -> int:
    """Bands without alpha."""
    return int(pixels.shape[2]) - has_alpha(pixels)

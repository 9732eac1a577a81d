"""Patches put together, and halved: all that is done to pixels between a plane and its tiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from memtiles.pictures.patch import Patch, Pixels, Uniform

# Two bytes of each eight-byte word stand in 16 bits each: four sums are made at once.
_LOW_BYTES = np.uint64(0x00FF_00FF_00FF_00FF)


def has_alpha(pixels: Pixels) -> bool:
    """Whether the last band says what is missing."""
    return int(pixels.shape[2]) % 2 == 0


def put_together(patches: Sequence[Patch], width: int, height: int) -> Pixels:
    """Patches as one rectangle, with alpha only if something of it is missing.

    Args:
        patches: They lie in the rectangle and do not overlap; at least one.
        width: Pixels of the rectangle.
        height: Pixels of the rectangle.
    """
    first = patches[0].pixels
    if first.shape[:2] == (height, width):
        return first
    colours = max(_colours(patch.pixels) for patch in patches)
    covered = sum(patch.pixels.shape[0] * patch.pixels.shape[1] for patch in patches)
    whole = covered == width * height and not any(has_alpha(one.pixels) for one in patches)
    canvas = np.zeros((height, width, colours + (not whole)), np.uint8)
    for x, y, pixels in patches:
        paint(canvas[y : y + pixels.shape[0], x : x + pixels.shape[1]], pixels)
    return canvas


def paint(place: Pixels, pixels: Pixels) -> None:
    """Copies pixels into a place of the same size that has as many bands or more."""
    if has_alpha(place):
        colours = _colours(pixels)
        place[:, :, :-1] = pixels[:, :, :colours]
        place[:, :, -1] = pixels[:, :, -1] if has_alpha(pixels) else 255
    else:
        place[:] = pixels


def simplified(pixels: Pixels) -> Pixels | Uniform:
    """The same without an alpha that says nothing, or what all of it is."""
    if has_alpha(pixels):
        alpha = pixels[:, :, -1]
        if not alpha.any():
            return Uniform.BLANK
        if not (alpha == 255).all():
            return pixels
        pixels = pixels[:, :, :-1]
    return pixels if pixels.any() else Uniform.ZERO


def halved(pixels: Pixels) -> Pixels:
    """Half as wide and high, rounded up: each pixel is the mean of the four that it stands for.

    At an odd end the last row or column counts twice. Only what is present counts for a colour,
    and alpha is the share that is. `dzsave` gives the same where nothing is missing.

    ```
    colour = (Σ colour · alpha + Σ alpha / 2) / Σ alpha        alpha = (Σ alpha + 2) / 4
    ```
    """
    height, width, bands = pixels.shape
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    found = np.empty((pixels.shape[0] // 2, pixels.shape[1] // 2, bands), np.uint8)
    for band in range(bands):
        total = _sums_of_four(pixels[:, :, band])
        if band == bands - 1 and has_alpha(pixels):
            _weigh(found, pixels, np.flatnonzero((total > 0) & (total < 4 * 255)))
        total += 2
        total >>= 2
        found[:, :, band] = total
    return found


def _sums_of_four(band: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """The sums of all squares of two by two; both sides are even."""
    if band.shape[1] % 8:
        columns = band[:, 0::2].astype(np.uint16)
        columns += band[:, 1::2]
        return columns[0::2] + columns[1::2]
    # Eight pixels at a time: 3.6 times as fast as one by one.
    words = np.ascontiguousarray(band).view(np.uint64)
    odd = words >> np.uint64(8)
    odd &= _LOW_BYTES
    odd += words & _LOW_BYTES
    # 16 bits hold one sum each, on a machine of either byte order.
    return (odd[0::2] + odd[1::2]).view(np.uint16)


def _weigh(found: Pixels, pixels: Pixels, places: npt.NDArray[np.intp]) -> None:
    """Colours where some of four pixels are missing, or some are there in part.

    That is at the edges of holes, so that it is only done there: everywhere else the mean of the
    four is right as it is, because what is missing is black.
    """
    rows, columns = np.divmod(places, found.shape[1])
    weighted = np.zeros((len(places), pixels.shape[2] - 1), np.uint32)
    weight = np.zeros((len(places), 1), np.uint32)
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        corner = pixels[2 * rows + y, 2 * columns + x].astype(np.uint32)
        weighted += corner[:, :-1] * corner[:, -1:]
        weight += corner[:, -1:]
    # What has faded away altogether is black, like all that was never there.
    found[rows, columns, :-1] = (weighted + weight // 2) // weight * (weight >= 2)


def _colours(pixels: Pixels) -> int:
    return int(pixels.shape[2]) - has_alpha(pixels)

"""The lens of Dump2Picture: the bytes are the pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memtiles.pictures.layout import Bits
from memtiles.pictures.lens import Swatch
from memtiles.pictures.zoom import Mean, Zoom


class BytesLens:
    """8 bits: grey. 16: X1R5G5B5, little endian. 24: blue, green, red. 32: the same, and unused."""

    name = "bytes"
    version = 1
    summary = "The bytes are the pixels, as in Dump2Picture: grey at 8 bits, colours at more."
    zoom: Zoom = Mean()
    legend: tuple[Swatch, ...] = (
        Swatch("#000000", "0x00, at 8 bits"),
        Swatch("#808080", "0x80"),
        Swatch("#ffffff", "0xff"),
    )

    def bands(self, bits: Bits) -> int:
        return 1 if bits == 8 else 3

    def colours(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        match pixels.shape[2]:
            case 1:
                return pixels
            case 2:
                return _unpack_555(pixels)
            case _:
                return pixels[:, :, 2::-1]


def _unpack_555(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Five bits to eight as v × 255 // 31, which is what Pillow shows of the same BMP."""
    words = pixels[:, :, 0].astype(np.uint16) | pixels[:, :, 1].astype(np.uint16) << 8
    channels = np.stack([words >> 10, words >> 5, words], axis=2) & 31
    return (channels * 255 // 31).astype(np.uint8)


LENS = BytesLens()

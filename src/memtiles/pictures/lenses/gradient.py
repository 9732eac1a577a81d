"""The lens `gradient`: how far each byte is from the one a stride before it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memtiles.pictures.bytes_only import BytesOnly
from memtiles.pictures.lens import Bytes, Swatch
from memtiles.pictures.numbered import Numbers
from memtiles.pictures.palette import scale, swatch
from memtiles.pictures.zoom import Mean, Zoom

_BLOCK = 4096
_FARTHEST = 128  # of two bytes, on the circle of 256
_PALETTE = scale(("#0a0d0c", "#1d4d3c", "#4f9a5f", "#b4d77f", "#fafbe0"), 1 + _FARTHEST)

_STRIDES = Numbers("bytes", 1, _BLOCK // 2)
_DEFAULT = 4


class GradientLens(BytesOnly):
    """Tables whose rows are as long as the stride are dark, noise is not."""

    version = 1
    zoom: Zoom = Mean()
    block = _BLOCK
    palette = _PALETTE
    numbers = _STRIDES

    def __init__(self, stride: int = _DEFAULT) -> None:
        self.name = "gradient" if stride == _DEFAULT else f"gradient:{stride}"
        self.summary = (
            f"How far each byte is from the one {stride} before it: what repeats or changes slowly "
            "is dark."
        )
        self.legend: tuple[Swatch, ...] = tuple(
            swatch(_PALETTE, 1 + distance, label)
            for distance, label in (
                (0, f"as the byte {stride} before it"),
                (32, "32 more or less"),
                (64, "64"),
                (_FARTHEST, f"{_FARTHEST}, the farthest on the circle of 256"),
            )
        )
        self._stride = stride

    def with_number(self, number: int) -> GradientLens:
        return GradientLens(number)

    def values(self, data: Bytes, present: npt.NDArray[np.bool_] | None) -> Bytes:
        blocks = data.reshape(-1, _BLOCK)
        found = np.ones(blocks.shape, np.uint8)
        ahead = blocks[:, self._stride :] - blocks[:, : -self._stride]
        np.minimum(ahead, -ahead, out=ahead)
        if present is not None:
            there = present.reshape(-1, _BLOCK)
            ahead *= there[:, self._stride :] & there[:, : -self._stride]
        found[:, self._stride :] += ahead
        return found.reshape(data.shape)


LENS = GradientLens()

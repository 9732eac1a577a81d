"""The lens `entropy`: how evenly the byte values of each block are spread."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from memtiles.pictures.bytes_only import BytesOnly
from memtiles.pictures.lens import Bytes, Swatch
from memtiles.pictures.numbered import Numbers
from memtiles.pictures.palette import scale, swatch
from memtiles.pictures.zoom import Highest, Zoom

_STEPS = 254  # between 0 and 8 bits a byte
_PALETTE = scale(("#0b0b14", "#3a1750", "#8f2f58", "#d65f5a", "#f3a865", "#fbeeb8"))

_BLOCKS = Numbers("bytes", 64, 4096, powers_of_two=True)
_DEFAULT = 256

# n·log2(n) for every count there can be.
_PLOGP = np.arange(_BLOCKS.highest + 1, dtype=np.float64)
_PLOGP[2:] *= np.log2(_PLOGP[2:])
_PLOGP[1] = 0

_CHUNK = 1 << 15  # bytes whose indices and counts stay in the cache
_LOWEST = 0 if sys.byteorder == "little" else np.intp(0).itemsize - 1
_TIE = 1e-6  # a multiple of 8/254 and a half, rounded up however the sum was rounded


class EntropyLens(BytesOnly):
    """Shannon's entropy of each aligned block, over those of its bytes that are present.

    Attributes:
        block: Bytes of it.
    """

    version = 1
    zoom: Zoom = Highest()
    palette = _PALETTE
    numbers = _BLOCKS

    def __init__(self, block: int = _DEFAULT) -> None:
        self.name = "entropy" if block == _DEFAULT else f"entropy:{block}"
        self.block = block
        self.summary = (
            f"How evenly byte values are spread in each {block} bytes: code is in the middle, "
            "packed and encrypted memory at the top."
        )
        self.legend: tuple[Swatch, ...] = tuple(
            swatch(_PALETTE, 1 + round(_STEPS * bits / 8), label)
            for bits, label in (
                (0, f"0 bits a byte, of each {block} bytes: all alike"),
                (2, "2"),
                (4, "4"),
                (6, "6"),
                (8, "8: no value is seen more often than others"),
            )
        )

    def with_number(self, number: int) -> EntropyLens:
        return EntropyLens(number)

    def values(self, data: Bytes, present: npt.NDArray[np.bool_] | None) -> Bytes:
        blocks = np.ascontiguousarray(data).reshape(-1, self.block)
        there = None if present is None else present.reshape(-1, self.block)
        found = np.empty(blocks.shape, np.uint8)
        step = _CHUNK // self.block
        indices = np.empty((step, self.block), np.intp)
        indices[:] = np.arange(step)[:, None] << 8
        # Numbers as wide as bincount wants them, of which only the lowest byte ever changes.
        lowest = indices.view(np.uint8)[:, _LOWEST :: indices.itemsize]
        for start in range(0, len(blocks), step):
            part = blocks[start : start + step]
            if not part.any():
                found[start : start + step] = 1
                continue
            here = None if there is None else there[start : start + step]
            count = len(part)
            lowest[:count] = part
            counts = np.bincount(indices[:count].reshape(-1), minlength=count << 8)
            counts = counts.reshape(count, 256)
            found[start : start + step] = _scaled(_bits(counts, self.block, here))[:, None]
        return found.reshape(data.shape)


def _bits(
    counts: npt.NDArray[np.intp], block: int, present: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.float64]:
    """The entropy of each row of counts: log2(n) - 1/n * sum of c*log2(c)."""
    totals = np.full(len(counts), block)
    if present is not None:
        totals = np.maximum(present.sum(axis=1), 1)
        counts[:, 0] -= block - present.sum(axis=1)  # what is missing reads as 0
    return np.asarray((_PLOGP[totals] - _PLOGP.take(counts).sum(axis=1)) / totals)


def _scaled(bits: npt.NDArray[np.float64]) -> Bytes:
    return (1.5 + _TIE + _STEPS / 8 * np.clip(bits, 0, 8)).astype(np.uint8)


LENS = EntropyLens()

"""What the lenses `words` and `words-big` share: DWORDs as numbers on one scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memtiles.pictures.bytes_only import BytesOnly
from memtiles.pictures.lens import Bytes, Swatch
from memtiles.pictures.palette import scale, swatch
from memtiles.pictures.zoom import Mean, Zoom

_WORD = 4
_LARGEST = 2**32 - 1
_STEPS = 254
_PALETTE = scale(("#0a0c14", "#123a6b", "#1f78a4", "#5db8b0", "#c9eac0", "#fdfdf0"))


class WordsLens(BytesOnly):
    """What ParaView shows of a dump that is opened as unsigned integers of 32 bits."""

    version = 1
    zoom: Zoom = Mean()
    block = _WORD
    palette = _PALETTE

    def __init__(self, name: str, byte_order: str) -> None:
        self.name = name
        self.summary = (
            f"Each aligned DWORD, {byte_order} endian, as one number from 0 to 4,294,967,295."
        )
        self.legend: tuple[Swatch, ...] = tuple(
            swatch(_PALETTE, 1 + word * _STEPS // _LARGEST, label)
            for word, label in (
                (0, "0x00000000"),
                (0x4000_0000, "0x40000000"),
                (0x8000_0000, "0x80000000"),
                (0xC000_0000, "0xc0000000"),
                (_LARGEST, "0xffffffff"),
            )
        )
        self._type = np.dtype(np.uint32).newbyteorder("<" if byte_order == "little" else ">")

    def values(self, data: Bytes, present: npt.NDArray[np.bool_] | None) -> Bytes:
        words = np.ascontiguousarray(data).view(self._type).astype(np.uint64)
        scaled = (words * _STEPS // _LARGEST).astype(np.uint8)
        scaled += 1
        return scaled.repeat(_WORD, axis=-1)

"""A lens of one's own: blocks of 16 bytes that stand there more than once.

Try it with `memtiles lens configs/lens_example.py`, then name it in `pictures.lenses`.

AES in ECB mode turns equal blocks into equal blocks: what it encrypts looks like noise to the lens
`entropy`, but its repetitions show here. So do copies of a string or of a row of a table.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memtiles.pictures.lens import Swatch
from memtiles.pictures.palette import categories
from memtiles.pictures.zoom import Foremost, Zoom

PIECE = 16

# Values by priority: where a pixel shows several bytes, the highest one is shown.
ALIKE, SINGLE, TWICE, OFTEN = 1, 2, 3, 4
COLOURS = {ALIKE: "#08090c", SINGLE: "#4a5668", TWICE: "#56b4e9", OFTEN: "#f0e442"}


class RepeatedLens:
    """Looks for copies within 4 KiB: a lens is never sure to see more than its block."""

    name = "repeated"  # the word for configs: a-z, 0-9 and -
    summary = "Blocks of 16 bytes of which there are copies in the same 4 KiB."
    block = 4096  # a power of two up to 4,096; blocks are aligned in addresses
    zoom: Zoom = Foremost(order=(OFTEN, TWICE, SINGLE), filling=(ALIKE,))
    legend = (
        Swatch(COLOURS[OFTEN], "16 bytes that are there three times or more"),
        Swatch(COLOURS[TWICE], "twice"),
        Swatch(COLOURS[SINGLE], "once"),
        Swatch(COLOURS[ALIKE], "16 equal bytes"),
    )
    palette = categories(COLOURS, filling=(ALIKE,))  # or any array of 256 × 3 uint8

    def values(
        self, data: npt.NDArray[np.uint8], present: npt.NDArray[np.bool_] | None
    ) -> npt.NDArray[np.uint8]:
        """A value for each byte. `data` has 0 where `present` says that bytes are missing."""
        pieces = np.ascontiguousarray(data).reshape(-1, PIECE)
        words = pieces.view(np.uint64).reshape(-1, self.block // PIECE, 2)
        counts = np.concatenate([_counts(block) for block in words])
        alike = (pieces == pieces[:, :1]).all(axis=1)
        of_piece = np.where(alike, ALIKE, np.minimum(counts + ALIKE, OFTEN)).astype(np.uint8)
        return of_piece.repeat(PIECE).reshape(data.shape)


def _counts(block: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint16]:
    """How often each piece, which is two words, is in a block."""
    first, second = block.T.copy()
    same = (first[:, None] == first) & (second[:, None] == second)
    return np.asarray(np.add.reduce(same, axis=0, dtype=np.uint16))


LENS = RepeatedLens()

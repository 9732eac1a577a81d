"""How many bytes a pixel has, told from memory whose rows are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memtiles.pictures.layout import Bits

# Records of tables are seldom so long, and images seldom less wide.
_FEWEST_PIXELS = 32

_CLEARLY = 0.9
_UNEVEN = 0.5
_MORE_UNEVEN = 1.3


def pixel_bits(rows: npt.NDArray[np.uint8]) -> Bits:
    """Bits of a pixel, from the bytes of whole rows: 8 where nothing speaks for more.

    A byte of a picture is like the same byte of the next pixel, more than it is like its own
    neighbours. Where channels are equal, as in a grey picture of 24 bits, it is the steps from byte
    to byte that come in threes: no step, no step, a step.

    Tables of words and pointers have such steps too, but theirs come in eights, or the word after
    is no more like than any other, or the row is too short for a picture: they get 8 bits.
    """
    bits = _likely_bits(rows) if rows.shape[1] >= _FEWEST_PIXELS else 8
    return bits if rows.shape[1] >= _FEWEST_PIXELS * bits // 8 else 8


def _likely_bits(rows: npt.NDArray[np.uint8]) -> Bits:
    values = rows.astype(np.int16)
    steps = np.abs(np.diff(values, axis=1)).astype(np.float64)
    means = [float(np.abs(values[:, lag:] - values[:, :-lag]).mean()) for lag in range(1, 5)]
    of_bits: dict[int, Bits] = {2: 16, 3: 24, 4: 32}
    uneven = {size: _unevenness(steps, size) for size in (2, 3, 4, 8)}
    if uneven[8] > _MORE_UNEVEN * max(uneven[4], uneven[2], _UNEVEN):
        return 8
    if uneven[3] > max(_UNEVEN, _MORE_UNEVEN * uneven[4]):
        return 24
    if uneven[4] > max(_UNEVEN, _MORE_UNEVEN * uneven[2]):
        return 32
    best = int(np.argmin(means)) + 1
    others = min(mean for lag, mean in enumerate(means, 1) if lag not in (best, 2 * best))
    if best in of_bits and means[best - 1] < _CLEARLY * others:
        return 16 if best == 4 and means[1] < means[3] / _CLEARLY else of_bits[best]
    return 8


def _unevenness(steps: npt.NDArray[np.float64], size: int) -> float:
    """How different the steps are that begin at each byte of so many: 0 where they are the same."""
    whole = steps[:, : steps.shape[1] // size * size]
    means = whole.reshape(-1, size).mean(axis=0)
    return float((means.max() - means.min()) / max(float(means.mean()), 1e-9))

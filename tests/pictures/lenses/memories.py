"""Small memories with holes, for lenses to look at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

ROW = 4096


class Memory(NamedTuple):
    """Rows of bytes, and which of them are present; None where all are."""

    data: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_] | None

    @property
    def bytes(self) -> bytes:
        return self.data.tobytes()

    @property
    def there(self) -> list[bool]:
        if self.present is None:
            return [True] * self.data.size
        there: list[bool] = self.present.reshape(-1).tolist()
        return there


def whole(data: bytes) -> Memory:
    """One row, filled up with zeros."""
    row = np.frombuffer(data.ljust(ROW, b"\0"), np.uint8)
    return Memory(row.reshape(1, -1), None)


@st.composite
def memories(draw: st.DrawFn, extra: st.SearchStrategy[bytes] | None = None) -> Memory:
    """Pieces of everything that lenses tell apart, at any offset, with any holes.

    Args:
        draw: Given by hypothesis.
        extra: More pieces.
    """
    text = st.text("aZ ~!\t\x1f\x7fé", max_size=40)
    piece = st.one_of(
        st.binary(max_size=64),
        text.map(lambda found: found.encode("utf-16-le")),
        text.map(lambda found: found.encode("utf-16-be")),
        text.map(str.encode),
        st.builds(
            lambda byte, count: bytes([byte]) * count, st.integers(0, 255), st.integers(1, 99)
        ),
        *([extra] if extra is not None else []),
    )
    rows = draw(st.integers(1, 2))
    pieces = b"".join(draw(st.lists(piece, min_size=1, max_size=20))) or b"\0"
    data = (pieces * (rows * ROW // len(pieces) + 1))[: rows * ROW]
    array = np.frombuffer(data, np.uint8).reshape(rows, ROW).copy()
    holes = draw(
        st.none()
        | st.lists(st.tuples(st.integers(0, rows * ROW - 1), st.sampled_from([1, 3, 8, 300, 5000])))
    )
    if holes is None:
        return Memory(array, None)
    present = np.ones(rows * ROW, np.bool_)
    for start, size in holes:
        present[start : start + size] = False
    present = present.reshape(array.shape)
    array[~present] = 0
    return Memory(array, present)

"""A user's lens is tried before a build: on memory of every sort that dumps hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from memtiles.maps.region import Region
from memtiles.memory.dump import Kind
from memtiles.memory.span import Span
from memtiles.pictures.guarded import GuardedColours, GuardedValues
from memtiles.pictures.layout import Bits
from memtiles.pictures.lens import Bytes, Surroundings

_ROW = 4096  # is whole blocks of any size
_BITS: tuple[Bits, ...] = (8, 16, 24, 32)
_STACK, _LIBRARY = Span(0x7FFF_FFFD_E000, 1 << 17), Span(0x7FFF_F7A0_0000, 1 << 21)
_SURROUNDINGS = Surroundings(
    (
        Region("libc.so.6", Kind.MODULE, _LIBRARY),
        Region("[stack]", Kind.STACK, _STACK),
    )
)


def try_lens(lens: GuardedColours | GuardedValues) -> None:
    """Draws sample memory with a lens.

    Raises:
        LensError: It fails, or gives what no lens gives.
    """
    if isinstance(lens, GuardedColours):
        for data, _ in _samples():
            for bits in _BITS:
                width = data.shape[1] // (bits // 8)
                used = data[:, : width * (bits // 8)]
                lens.colours(np.ascontiguousarray(used).reshape(len(data), width, bits // 8))
        return
    for surroundings in (Surroundings(), _SURROUNDINGS, Surroundings((), 32, "big")):
        bound = lens.for_dump(surroundings)
        _ = bound.key
        for data, present in _samples():
            bound.values(data, present)


def _samples() -> Iterator[tuple[Bytes, npt.NDArray[np.bool_] | None]]:
    """Memory as lenses get it: from one row to 4 MiB, whole and with bytes missing."""
    random = np.random.default_rng(2007)
    noise = random.integers(0, 256, (1024, _ROW), np.uint8)
    text = b"Every byte is a pixel.\r\n" + "And this is UTF-16. ".encode("utf-16-le")
    for data in (
        np.zeros((16, _ROW), np.uint8),
        np.full((16, _ROW), 255, np.uint8),
        np.frombuffer((text * _ROW)[: 16 * _ROW], np.uint8).reshape(16, _ROW),
        _pointers(random),
        np.arange(16 * _ROW).astype(np.uint8).reshape(16, _ROW),
        noise[:1],
        noise,
    ):
        yield data, None
    for present in (
        random.integers(0, 2, (16, _ROW), np.uint8).astype(np.bool_),
        np.zeros((16, _ROW), np.bool_),
        np.arange(16 * _ROW).reshape(16, _ROW) >= 3 * _ROW + 5,
    ):
        yield noise[:16] * present, present


def _pointers(random: np.random.Generator) -> Bytes:
    """A stack: every second word points into the stack or the library, the others are small."""
    words = random.integers(0, 1000, 16 * _ROW // 8, np.uint64)
    words[::4] += np.uint64(_STACK.start)
    words[2::4] += np.uint64(_LIBRARY.start)
    return words.astype("<u8").view(np.uint8).reshape(16, _ROW)

"""The lens `pointers`: which words point into a region, and into one of which kind."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from memtiles.maps.region import Region
from memtiles.memory.dump import Kind
from memtiles.pictures.lens import Bytes, Surroundings, Swatch
from memtiles.pictures.palette import ZERO, categories, swatch
from memtiles.pictures.zoom import Foremost, Zoom

Words = npt.NDArray[np.uint64]

_NONE = 1
# The most telling kind has the highest value. A range of the user's is what he asks about; pointers
# to anonymous memory are everywhere.
_VALUES = {
    kind: value
    for value, kind in enumerate(
        (
            Kind.ANONYMOUS,
            Kind.FILE,
            Kind.KERNEL,
            Kind.MODULE,
            Kind.HEAP,
            Kind.STACK,
            Kind.RANGE,
        ),
        _NONE + 1,
    )
}
_ORDER = tuple(reversed(_VALUES))
_PALETTE = categories(
    {
        _NONE: ZERO,
        _VALUES[Kind.RANGE]: "#ffffff",
        _VALUES[Kind.STACK]: "#f0e442",
        _VALUES[Kind.HEAP]: "#e08a00",
        _VALUES[Kind.MODULE]: "#56b4e9",
        _VALUES[Kind.KERNEL]: "#c85aa0",
        _VALUES[Kind.FILE]: "#00785a",
        _VALUES[Kind.ANONYMOUS]: "#2848b0",
    },
    filling=(_NONE,),
)
_LABELS = {
    Kind.RANGE: "into a range of the config",
    Kind.STACK: "into a stack",
    Kind.HEAP: "into a heap",
    Kind.MODULE: "into a module",
    Kind.KERNEL: "into memory of the kernel",
    Kind.FILE: "into a mapped file that is no module",
    Kind.ANONYMOUS: "into other memory",
}

_CHUNK = 1 << 18
_CLUSTERS = 6  # more of them would cost more than the words that they rule out
_MANY = 1024  # targets: in more of them words are found sooner one behind the other
_ALL_BYTES = np.uint64(0x0101_0101_0101_0101)


@dataclass(frozen=True)
class _Targets:
    """What can be pointed into, in address order: neighbours of one kind are one target.

    Attributes:
        firsts: First addresses.
        lasts: Last addresses: the end of the last one may be 2**64, which no word holds.
        values: By kind.
        clusters: First and last address of few stretches that hold all of them.
    """

    firsts: Words
    lasts: Words
    values: Bytes
    clusters: tuple[tuple[np.uint64, np.uint64], ...]


class PointersLens:
    """Each aligned word that is an address in a region, in the colour of the region's kind.

    Attributes:
        block: Bytes of a word.
    """

    name = "pointers"
    version = 1
    summary = "Which words point into a region, and into what kind of region."
    zoom: Zoom = Foremost(order=tuple(_VALUES[kind] for kind in _ORDER), filling=(_NONE,))
    legend: tuple[Swatch, ...] = (
        *(swatch(_PALETTE, _VALUES[kind], _LABELS[kind]) for kind in _ORDER),
        swatch(_PALETTE, _NONE, "no pointer into a region"),
    )
    palette = _PALETTE

    def __init__(self, surroundings: Surroundings | None = None) -> None:
        around = surroundings or Surroundings()
        self.block = around.address_bits // 8
        order = "<" if around.byte_order == "little" else ">"
        self._type = np.dtype(f"{order}u{self.block}")
        self._targets = _targets(around.regions)
        self.key = "" if surroundings is None else self._digest()

    def for_dump(self, surroundings: Surroundings) -> PointersLens:
        return PointersLens(surroundings)

    def values(self, data: Bytes, present: npt.NDArray[np.bool_] | None) -> Bytes:
        flat = np.ascontiguousarray(data).reshape(-1)
        found = np.full(flat.size, _NONE, np.uint8)
        for start in range(0, flat.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            words = flat[part].view(self._type).astype(np.uint64, copy=False)
            at = np.flatnonzero(self._may_point(words))
            if at.size and present is not None:
                there = present.reshape(-1)[part].reshape(-1, self.block)
                at = at[there[at].all(axis=1)]
            if at.size:
                self._mark(found[part], at, words[at])
        return found.reshape(data.shape)

    def _may_point(self, words: Words) -> npt.NDArray[np.bool_]:
        """A coarse look, which rules out what is far from all regions."""
        near = np.zeros(words.shape, np.bool_)
        for first, last in self._targets.clusters:
            near |= (words - first) <= (last - first)
        return near

    def _mark(self, found: Bytes, at: npt.NDArray[np.intp], words: Words) -> None:
        """Writes the values of words, of which none is below the first target."""
        targets = self._targets
        if targets.firsts.size > _MANY:
            order = np.argsort(words)
            at, words = at[order], words[order]
        numbers = np.searchsorted(targets.firsts, words, side="right") - 1
        hits = np.flatnonzero(words <= targets.lasts[numbers])
        values = targets.values[numbers[hits]]
        if self.block == 8:
            found.view(np.uint64)[at[hits]] = values * _ALL_BYTES
        else:
            found.reshape(-1, self.block)[at[hits]] = values[:, None]

    def _digest(self) -> str:
        targets = self._targets
        digest = sha256(self._type.str.encode())
        for column in (targets.firsts.astype("<u8"), targets.lasts.astype("<u8"), targets.values):
            digest.update(column.tobytes())
        return digest.hexdigest()


def _targets(regions: tuple[Region, ...]) -> _Targets:
    """The targets of these regions, and clusters of them: stretches without the widest gaps."""
    rows: list[tuple[int, int, int]] = []
    for region in regions:
        first, last, value = region.span.start, region.span.end - 1, _VALUES[region.kind]
        if rows and rows[-1][1:] == (first - 1, value):
            first = rows.pop()[0]
        rows.append((first, last, value))
    firsts = np.array([row[0] for row in rows], np.uint64)
    lasts = np.array([row[1] for row in rows], np.uint64)
    gaps = firsts[1:] - lasts[:-1]
    widest = np.sort(np.argsort(gaps, kind="stable")[::-1][: _CLUSTERS - 1])
    starts = [0, *(widest + 1).tolist()] if rows else []
    ends = [*widest.tolist(), len(rows) - 1] if rows else []
    return _Targets(
        firsts,
        lasts,
        np.array([row[2] for row in rows], np.uint8),
        tuple((firsts[start], lasts[end]) for start, end in zip(starts, ends, strict=True)),
    )


LENS = PointersLens()

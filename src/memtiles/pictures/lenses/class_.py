"""The lens `class`: what sort of byte each one is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memtiles.pictures.bytes_only import BytesOnly
from memtiles.pictures.lens import Bytes, Swatch
from memtiles.pictures.palette import ZERO, categories, swatch
from memtiles.pictures.zoom import Foremost, Zoom

# By priority: where a pixel shows several bytes, the highest value is shown.
_ZERO, _ONES, _CONTROL, _ASCII, _HIGH, _UTF16 = range(1, 7)

_PALETTE = categories(
    {
        _ZERO: ZERO,
        _ONES: "#f4f4f4",
        _CONTROL: "#00785a",
        _ASCII: "#56b4e9",
        _HIGH: "#c8501e",
        _UTF16: "#f0e442",
    },
    filling=(_ZERO, _ONES),
)

_GROUP = 8
# Of each byte order: where the characters are in a group, and how all four are tested at once. What
# is added moves 0x20 to 0x80, so that in 16 bits of text the highest bit of the character is set
# and the other byte is 0. That lets 0x7f to 0x9f through as well.
_LANES = np.uint64(0x0001_0001_0001_0001)
_BYTE_ORDERS = (
    (slice(0, _GROUP, 2), 0x0060 * _LANES, 0xFF80 * _LANES, 0x0080 * _LANES),
    (slice(1, _GROUP, 2), 0x6000 * _LANES, 0x80FF * _LANES, 0x8000 * _LANES),
)
_CHUNK = 1 << 17  # with all that is made of it on the way, it stays in the cache


class ClassLens(BytesOnly):
    """The class of each byte by itself, and a look at groups of eight bytes for UTF-16."""

    name = "class"
    version = 1
    summary = "What sort of byte each is: zero, text, control code, or something else."
    zoom: Zoom = Foremost(order=(_UTF16, _HIGH, _ASCII, _CONTROL), filling=(_ZERO, _ONES))
    legend: tuple[Swatch, ...] = (
        swatch(_PALETTE, _UTF16, "UTF-16 text: 8 aligned bytes that are 4 ASCII characters"),
        swatch(_PALETTE, _HIGH, "0x80 to 0xfe"),
        swatch(_PALETTE, _ASCII, "ASCII text, with tab, line feed and carriage return"),
        swatch(_PALETTE, _CONTROL, "0x01 to 0x1f but for these three, and 0x7f"),
        swatch(_PALETTE, _ZERO, "0x00"),
        swatch(_PALETTE, _ONES, "0xff"),
    )
    block = _GROUP
    palette = _PALETTE

    def values(self, data: Bytes, present: npt.NDArray[np.bool_] | None) -> Bytes:
        flat = np.ascontiguousarray(data).reshape(-1)
        there = None if present is None else present.reshape(-1)
        found = np.empty(flat.size, np.uint8)
        for start in range(0, flat.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            found[part] = _classes(flat[part])
            _mark_utf16(found[part], flat[part], None if there is None else there[part])
        return found.reshape(data.shape)


def _classes(data: Bytes) -> Bytes:
    """The class of each byte, by sums of comparisons: three times as fast as a table of 256.

    What is below a range wraps around to the largest bytes, so that one comparison is enough.
    """
    ascii_text = data - np.uint8(0x20) < 0x7F - 0x20
    ascii_text |= data - np.uint8(0x09) < 2  # tab, line feed
    ascii_text |= data == 0x0D
    found = ascii_text.view(np.uint8) * np.uint8(_ASCII - _CONTROL)
    found += _CONTROL
    found += (data >= 0x80).view(np.uint8) * np.uint8(_HIGH - _CONTROL)
    found -= (data == 0xFF).view(np.uint8) * np.uint8(_HIGH - _ONES)
    found -= (data == 0).view(np.uint8) * np.uint8(_CONTROL - _ZERO)
    return found


def _mark_utf16(found: Bytes, flat: Bytes, present: npt.NDArray[np.bool_] | None) -> None:
    """Writes the class of groups that are four printable ASCII characters in either byte order."""
    groups = flat.view("<u8")
    for letters, added, mask, wanted in _BYTE_ORDERS:
        near = np.flatnonzero((groups + added) & mask == wanted)
        if not near.size:
            continue
        near = near[(flat.reshape(-1, _GROUP)[near, letters] <= 0x7E).all(axis=1)]
        if present is not None:
            near = near[present.reshape(-1, _GROUP)[near].all(axis=1)]
        found.reshape(-1, _GROUP)[near] = _UTF16


LENS = ClassLens()

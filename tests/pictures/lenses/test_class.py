"""Classes of bytes, against a loop over groups of eight that knows Python's own codecs."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given, settings

from memtiles.pictures.lens import ValueLens
from memtiles.pictures.lenses import lens
from memtiles.pictures.zoom import Foremost
from pictures.lenses.memories import Memory, memories, whole

LENS = lens("class")
assert isinstance(LENS, ValueLens)
assert isinstance(LENS.zoom, Foremost)
UTF16, HIGH, ASCII, CONTROL = LENS.zoom.order
ZERO, ONES = LENS.zoom.filling
PRINTED = set(string.digits + string.ascii_letters + string.punctuation + " ")


def class_of(byte: int) -> int:
    if byte in (0, 255):
        return ZERO if byte == 0 else ONES
    if byte > 127:
        return HIGH
    return ASCII if chr(byte) in PRINTED | {"\t", "\n", "\r"} else CONTROL


def is_utf16(group: bytes) -> bool:
    for codec in ("utf-16-le", "utf-16-be"):
        decoded = group.decode(codec, errors="replace")
        if len(decoded) == 4 and set(decoded) <= PRINTED:
            return True
    return False


def expected(memory: Memory) -> list[int]:
    found = []
    for start in range(0, memory.data.size, 8):
        group = memory.bytes[start : start + 8]
        if all(memory.there[start : start + 8]) and is_utf16(group):
            found += [UTF16] * 8
        else:
            found += [class_of(byte) for byte in group]
    return found


def values(memory: Memory) -> list[int]:
    found = LENS.values(memory.data, memory.present)
    assert found.dtype == np.uint8
    assert found.shape == memory.data.shape
    flat: list[int] = found.reshape(-1).tolist()
    return flat


@settings(max_examples=60, deadline=None)
@given(memories())
def test_every_byte_has_its_class(memory: Memory) -> None:
    there = memory.there
    assert [v for v, is_there in zip(values(memory), there, strict=True) if is_there] == [
        v for v, is_there in zip(expected(memory), there, strict=True) if is_there
    ]


def test_each_byte_value_by_itself() -> None:
    assert values(whole(bytes(range(256))))[:256] == [class_of(byte) for byte in range(256)]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_path_of_windows_is_one_class_though_half_of_it_is_zeros(codec: str) -> None:
    """Unicode strings of Windows would be stripes of text and zeros, and far out neither."""
    path = r"C:\Windows\System32\ntdll.dll...".encode(codec)
    assert len(path) == 64
    assert values(whole(path))[:65] == [UTF16] * 64 + [ZERO]
    assert values(whole(b"\x01" + path))[1:8] != [UTF16] * 7  # groups are aligned


def test_where_a_pixel_shows_several_bytes_their_highest_value_is_the_foremost() -> None:
    assert sorted(LENS.zoom.order, reverse=True) == list(LENS.zoom.order)
    assert max(LENS.zoom.filling) < min(LENS.zoom.order)

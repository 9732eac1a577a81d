"""How blocks of packed dumps are unpacked, each to a size that is known before."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import NoReturn

from memtiles.errors import DumpError

Unpack = Callable[[bytes, int], bytes | bytearray]
"""Unpacks a block to so many bytes; ValueError where it does not give just these."""

# What every framed stream of snappy begins with; each chunk is decoded as a stream of its own.
_SNAPPY_STREAM = b"\xff\x06\0\0sNaPpY"


class Codec(IntEnum):
    """How one block is packed; `FRAMED_SNAPPY` is one chunk of a stream, with its header."""

    STORED = 0
    ZLIB = 1
    SNAPPY = 2
    ZSTD = 3
    FRAMED_SNAPPY = 4


def unpackers(needed: set[Codec], name: str) -> dict[Codec, Unpack]:
    """The functions that unpack blocks of these kinds.

    No one gives more than the size asked for, whatever a block promises: a page of 4 KiB may claim
    to unpack to gigabytes.

    Args:
        needed: The kinds of blocks.
        name: The dump's, for the message.

    Raises:
        DumpError: The library that one of them needs is not installed.
    """
    found: dict[Codec, Unpack] = {Codec.STORED: _stored, Codec.ZLIB: _inflate}
    if needed - found.keys():
        found |= _of_cramjam(name)
    return {codec: found[codec] for codec in needed}


def _stored(data: bytes, size: int) -> bytes:
    return data if len(data) == size else _refuse(len(data), size)


def _inflate(data: bytes, size: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        block = stream.decompress(data, size + 1)
    except zlib.error as problem:
        raise ValueError(problem) from None
    if len(block) == size and not stream.eof:
        raise ValueError("it is cut before its checksum")
    return block if len(block) == size else _refuse(len(block), size)


def _of_cramjam(name: str) -> dict[Codec, Unpack]:
    try:
        from cramjam import DecompressionError, snappy, zstd
    except ImportError:
        raise DumpError(
            f"{name}: is packed with snappy or zstd, which needs the library cramjam: "
            "`pip install 'memtiles[kdump]'`"
        ) from None

    def unpack(into: Callable[[bytes, bytearray], int], data: bytes, size: int) -> bytearray:
        # The buffer has the size that must come out: the library stops there with an error.
        block = bytearray(size)
        try:
            came = into(data, block)
        except DecompressionError as problem:
            raise ValueError(problem) from None
        return block if came == size else _refuse(came, size)

    return {
        Codec.SNAPPY: partial(unpack, snappy.decompress_raw_into),
        Codec.ZSTD: partial(unpack, zstd.decompress_into),
        # The decoder holds every chunk against its CRC-32C.
        Codec.FRAMED_SNAPPY: lambda data, size: unpack(
            snappy.decompress_into, _SNAPPY_STREAM + data, size
        ),
    }


def _refuse(came: int, size: int) -> NoReturn:
    raise ValueError(f"it unpacks to {'more' if came > size else 'less'} than {size} bytes")

"""The memory of a Windows process as far as it tells of stacks and heaps: TEBs, PEB, heaps.

Places of fields after the symbols of ntdll. It shares no code with the reader.
"""

from __future__ import annotations

import struct


def _filled(size: int, width: int, words: dict[int, int], halves: dict[int, int]) -> bytes:
    out = bytearray(size)
    for at, value in words.items():
        struct.pack_into("<Q" if width == 64 else "<I", out, at, value)
    for at, value in halves.items():
        struct.pack_into("<I", out, at, value)
    return bytes(out)


def teb(address: int, peb: int, stack_limit: int, width: int = 64) -> bytes:
    """NT_TIB with StackLimit and Self, then ProcessEnvironmentBlock."""
    limit, itself, process = (0x10, 0x30, 0x60) if width == 64 else (0x08, 0x18, 0x30)
    return _filled(0x80, width, {limit: stack_limit, itself: address, process: peb}, {})


def peb(count: int, heaps_at: int, width: int = 64) -> bytes:
    """NumberOfHeaps and ProcessHeaps."""
    number, array = (0xE8, 0xF0) if width == 64 else (0x88, 0x90)
    return _filled(0x100, width, {array: heaps_at}, {number: count})


def pointers(values: list[int], width: int = 64) -> bytes:
    return struct.pack(f"<{len(values)}{'Q' if width == 64 else 'I'}", *values)


def segment(heap: int, following: int, width: int = 64, signature: int = 0xFFEEFFEE) -> bytes:
    """The head of a _HEAP_SEGMENT, as a heap begins too; `following` is where its link points."""
    mark, link, owner = (0x10, 0x18, 0x28) if width == 64 else (0x08, 0x10, 0x18)
    return _filled(0x40, width, {link: following, owner: heap}, {mark: signature})

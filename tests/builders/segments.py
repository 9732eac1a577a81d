"""Processes of thousands of small segments, as a browser or a fragmented heap has them."""

from __future__ import annotations

import random
from functools import cache

from builders.elf import Load, elf_core

PAGE = 4096
START = 0x10_0000_0000

# One more than may all have a folder of their own.
MANY = 4097


@cache
def mixed_segments() -> tuple[Load, ...]:
    """4,202 segments of 1 byte to 40,000, and two of more than a MiB.

    Of every tenth the end is not in the file, of every 500th nothing is, nor of the end of one of
    the large ones. A hundred in a row are the same.
    """
    choose = random.Random(4200)
    loads: list[Load] = []
    at = START
    for number in range(4200):
        size = choose.choice((1, 3, 64, 4096, 8192, choose.randint(1, 4096)))
        if number % 20 == 0:
            size = choose.randint(8192, 40_000)
        if 1000 <= number < 1100:
            load = Load(at, bytes(range(256)) * 3, flags=6)
        elif number % 500 == 7:
            load = Load(at, b"", memsz=size, flags=4)
        elif number % 10 == 3:
            load = Load(at, choose.randbytes(size), memsz=size + choose.randint(1, 5000), flags=6)
        else:
            load = Load(at, choose.randbytes(size), flags=6)
        loads.append(load)
        at += (max(len(load.data), load.memsz or 0) // PAGE + 2) * PAGE
    loads.append(Load(at, choose.randbytes((3 << 19) + 5), flags=5))
    loads.append(Load(at + (4 << 20), choose.randbytes((1 << 20) - 99), memsz=5 << 18, flags=5))
    return tuple(loads)


# Of the tiny segments: those whose last bytes are not in the file, and those of odd sizes.
CUT = (5, 2000, 4000)
ODD = (*CUT, 100, 4096)


@cache
def tiny_segments(changed: int | None = None) -> tuple[Load, ...]:
    """4,097 segments of 64 bytes or, every 32nd, 320, each with bytes of its own.

    Some have 6 bytes more. All pictures are 64 pixels wide, so that they are one bundle.

    Args:
        changed: One that has other bytes than usual.
    """
    loads = []
    for number in range(MANY):
        size = (320 if number % 32 == 0 else 64) + (6 if number in ODD else 0)
        data = random.Random(f"{number} {number == changed}").randbytes(size)
        memsz = size + 40 if number in CUT else None
        loads.append(Load(START + number * PAGE, data, memsz=memsz, flags=6))
    return tuple(loads)


def core_of(loads: tuple[Load, ...]) -> bytes:
    """A core of them; their number may be more than an ELF header has room for."""
    return elf_core(list(loads), extended=True)

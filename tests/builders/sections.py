"""A core of a made-up process with modules that have their headers in memory."""

from __future__ import annotations

from builders.elf import Load, elf_core, nt_file
from builders.elf_image import VDSO, elf_image
from builders.pe import HAL, pe_image

HAL_AT = 0xFFFF_F800_0080_0000
TINY_AT = 0x7FFF_F7A0_0000
BARE_AT = 0x7FFF_F7B0_0000
STACK_AT = 0x7FFF_FFFD_E000


def core_with_sections() -> bytes:
    """`hal.dll` is a PE image, `libtiny.so` an ELF image, `bare.so` has lost its headers."""
    hal, tiny = pe_image(HAL), elf_image(VDSO)
    loads = [
        Load(TINY_AT, tiny, flags=5),
        Load(BARE_AT, bytes(0x1000), flags=5),
        Load(STACK_AT, bytes(range(256)) * 32, flags=6),
        Load(HAL_AT, hal, flags=5),
    ]
    files = [
        (TINY_AT, TINY_AT + len(tiny), 0, b"/lib/libtiny.so"),
        (BARE_AT, BARE_AT + 0x1000, 0, b"/lib/bare.so"),
        (HAL_AT, HAL_AT + len(hal), 0, b"/hal.dll"),
    ]
    return elf_core(loads, nt_file(files))

"""The first bytes of any ELF file: class, byte order, type and machine (gABI, chapter 4)."""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

MAGIC = b"\x7fELF"
CORE = 4

_TYPES = {1: "a relocatable object", 2: "an executable", 3: "a shared object or executable"}

_MACHINES = {
    2: "sparc", 3: "x86", 4: "m68k", 8: "mips", 15: "parisc", 20: "ppc", 21: "ppc64",
    22: "s390x", 40: "arm", 42: "sh", 43: "sparc64", 50: "ia64", 62: "x86-64", 164: "hexagon",
    183: "aarch64", 243: "riscv", 258: "loongarch", 0x9026: "alpha",
}  # fmt: skip


class ElfIdent(NamedTuple):
    """What `e_ident`, `e_type` and `e_machine` say.

    Attributes:
        bits: 32 or 64, the class of the file.
        order: "<" little, ">" big endian, as `struct` and numpy write it.
        type: `e_type`.
        machine: The processor's name, None where unknown.
    """

    bits: Literal[32, 64]
    order: Literal["<", ">"]
    type: int
    machine: str | None

    @property
    def byte_order(self) -> Literal["little", "big"]:
        """The order in a word."""
        return "little" if self.order == "<" else "big"

    @property
    def type_name(self) -> str:
        """The type in words, for messages."""
        return _TYPES.get(self.type, f"of type {self.type:#x}")


def elf_ident(head: bytes) -> ElfIdent | None:
    """Reads the first 20 bytes of a file; None where they are not those of an ELF file."""
    if len(head) < 20 or not head.startswith(MAGIC):
        return None
    if head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    order: Literal["<", ">"] = "<" if head[5] == 1 else ">"
    type_, machine = struct.unpack_from(order + "HH", head, 16)
    return ElfIdent(32 if head[4] == 1 else 64, order, type_, _MACHINES.get(machine))

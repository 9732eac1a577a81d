"""A module's image: what the readers of its headers are given, and what they give back."""

from __future__ import annotations

from typing import NamedTuple

from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span


class Claim(NamedTuple):
    """What a row of a section table says, though it be that it starts before address 0.

    Attributes:
        name: The section's name, or "" where the row has none.
        start: Its first address, as the row has it.
        size: Its bytes, at least 0.
        protection: "r-x", as `/proc/PID/maps` writes it.
    """

    name: str
    start: int
    size: int
    protection: str


class Image:
    """The bytes of one module where it lies in memory."""

    def __init__(self, space: AddressSpace, span: Span) -> None:
        self.span = span
        self._space = space

    def read(self, address: int, size: int) -> bytes:
        """Bytes from an address on: up to the first hole, and to the end of the module.

        Raises:
            DumpError: The dump changed meanwhile, or the process ended.
        """
        if address not in self.span or size < 1:
            return b""
        memory = self._space.read(Span(address, min(size, self.span.end - address)))
        start, present = next(iter(memory.runs), (0, 0))
        return memory.data[:present].tobytes() if start == 0 else b""


def protection_of(readable: int, writable: int, executable: int) -> str:
    """Three flags, set where they are not 0, as "r-x"."""
    flags = zip("rwx", (readable, writable, executable), strict=True)
    return "".join(letter if flag else "-" for letter, flag in flags)


def name_of(text: bytes) -> str:
    """A name up to its NUL, of which nothing is trusted."""
    return text.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def with_header(claims: list[Claim], base: int, size: int, protection: str) -> list[Claim]:
    """The sections, and behind them the headers themselves, which end where a section starts."""
    end = min([base + size, *(claim.start for claim in claims)])
    return [*claims, Claim("header", base, max(0, end - base), protection)]

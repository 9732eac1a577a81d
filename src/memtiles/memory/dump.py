"""What a format reads out of a dump: spaces of bytes, and the dump's own words about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

from memtiles.memory.space import AddressSpace, SpaceKind
from memtiles.memory.span import Span


class Kind(StrEnum):
    """What a piece of memory is for, as far as the dump or a map tells."""

    MODULE = "module"
    HEAP = "heap"
    STACK = "stack"
    FILE = "file"
    ANONYMOUS = "anonymous"
    KERNEL = "kernel"
    RANGE = "range"


@dataclass(frozen=True)
class Mapping:
    """One mapping as the system kept it.

    Attributes:
        span: Its addresses.
        kind: What it is for.
        name: The path or tag that the dump gives ("/usr/lib/libc.so.6", "[heap]"), or "".
        protection: As `/proc/PID/maps` writes it, "r-xp" or "rw-s"; three letters ("r-x") where the
            dump does not tell private from shared; None where it tells nothing.
        file_offset: Where in the mapped file it starts, or None.
    """

    span: Span
    kind: Kind
    name: str = ""
    protection: str | None = None
    file_offset: int | None = None


@dataclass(frozen=True)
class Module:
    """A program or library in memory: `name` is its path's last part, `span` its whole image."""

    name: str
    path: str
    span: Span


@dataclass(frozen=True)
class Identity:
    """What tells an untouched file from a changed one without reading it."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True)
class Contents:
    """What lies where in one address space, in the dump's own words.

    Attributes:
        mappings: In address order.
        modules: In address order; spans of modules may overlap where the dump says so.
        warnings: Damage and oddities of these tables, one line each.
    """

    mappings: tuple[Mapping, ...] = ()
    modules: tuple[Module, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass
class Dump:
    """An open dump.

    Attributes:
        name: The file's name, without its folder.
        format: The format's name, such as "elf-core".
        size: Bytes of the file, unpacked; for a live process those of its readable mappings.
        spaces: At least one; the first is the one that addresses mean by default.
        read_contents: What lies where in one of the spaces. Asked at most once, and only when
            somebody wants to know: all page tables of a machine may have to be walked for it,
            which is not for who wants one range of addresses.
        machine: The processor, such as "x86-64", or None where unknown.
        system: The operating system, such as "Windows 10.0.19041", or None where unknown.
        address_bits: 32 or 64: how wide addresses are written.
        byte_order: Of numbers in memory; little endian where the format does not tell.
        warnings: Damage and oddities that a user should hear of, one line each.
        identity: None where bytes can change without a trace: a live process.
        close: Gives back the file and, for a compressed dump, the temp file.
    """

    name: str
    format: str
    size: int
    spaces: tuple[AddressSpace, ...]
    read_contents: Callable[[AddressSpace], Contents] = field(default=lambda _: Contents())
    machine: str | None = None
    system: str | None = None
    address_bits: int = 64
    byte_order: Literal["little", "big"] = "little"
    warnings: tuple[str, ...] = ()
    identity: Identity | None = None
    close: Callable[[], None] = field(default=lambda: None)

    def space(self, kind: SpaceKind | None = None) -> AddressSpace | None:
        """The space of that kind, the default one for None; None where the dump has no such."""
        return next((space for space in self.spaces if kind in (None, space.kind)), None)

    @cached_property
    def contents(self) -> Contents:
        """What lies where in the first space."""
        return self.read_contents(self.spaces[0])

    @property
    def mappings(self) -> tuple[Mapping, ...]:
        """The mappings of the first space, in address order."""
        return self.contents.mappings

    @property
    def modules(self) -> tuple[Module, ...]:
        """The modules of the first space, in address order."""
        return self.contents.modules

    def __enter__(self) -> Dump:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""`memtiles.Dump`: an open dump."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final, Self, TypeVar

from memtiles.api.where import Where, span_of
from memtiles.errors import DumpError, LimitError, UsageError
from memtiles.exports.description import describe
from memtiles.exports.flat_memory import HOLES, Extracted, Holes, save_flat_memory
from memtiles.exports.image_format import image_format
from memtiles.exports.picture import Look, PictureFile, save_file_picture, save_picture
from memtiles.limits import OUTPUT_LIMIT
from memtiles.maps.lookup import find_region, region_at
from memtiles.maps.region import Region, Regions, regions_of_dump
from memtiles.memory import dump as tables
from memtiles.memory.address import format_address, show, without_sign
from memtiles.memory.files.open_file import open_regular
from memtiles.memory.files.source import FileSource, identity_of
from memtiles.memory.formats import open_source
from memtiles.memory.runs import Runs
from memtiles.memory.sections.of_module import Section, sections_of
from memtiles.memory.space import AddressSpace, Memory
from memtiles.memory.span import Span
from memtiles.pictures.layout import Bits, BmpLayoutName

READ_LIMIT = 4 << 30
BLOCK = 4 << 20


class Dump:
    """An open dump, from `memtiles.open`; a `with` block closes it. Threads may share it.

    Attributes:
        name: The file's name, without its folder; a process's name and number.
        format: The format's name, such as "elf-core".
        size: Bytes of the file, unpacked; for a process those of its readable mappings.
        machine: The processor, such as "x86-64", or None where the dump does not tell.
        system: The operating system, such as "Windows 10.0.19041", or None where unknown.
        address_bits: 32 or 64.
        spaces: Names of the address spaces; all addresses here are those of the first.
    """

    def __init__(self, opened: tables.Dump, path: Path | None = None) -> None:
        self.name: Final = opened.name
        self.format: Final = opened.format
        self.size: Final = opened.size
        self.machine: Final = opened.machine
        self.address_bits: Final = opened.address_bits
        self.spaces: Final = tuple(space.name for space in opened.spaces)
        self.system: Final = opened.system
        self._opened = opened
        self._path = path
        self._is_closed = False
        self._sections: dict[tables.Module, tuple[Section, ...]] = {}

    def __repr__(self) -> str:
        return f"<memtiles.Dump {show(self.name)}: {self.format}, {self.size:,} bytes>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives back the file. Closing twice is allowed; what was read from tables stays."""
        self._is_closed = True
        self._opened.close()

    @property
    def regions(self) -> tuple[Region, ...]:
        """The modules, and the mappings that belong to none, in address order and disjoint."""
        return self._regions.rows

    @property
    def modules(self) -> tuple[tables.Module, ...]:
        """The dump's own programs and libraries, whole, in address order; they may overlap."""
        return self._opened.modules

    @property
    def warnings(self) -> tuple[str, ...]:
        """Damage and oddities of the dump, and regions that lost addresses to others."""
        opened = self._opened
        return (*opened.warnings, *opened.contents.warnings, *self._regions.report)

    def region(self, name: str | int) -> Region:
        """The one region that is meant.

        Args:
            name: Its name, whose case only matters where two differ in nothing else; or any address
                in it, as an int, or as text that starts with 0x.

        Raises:
            UsageError: There is none, and what is near; or several, and where they lie.
        """
        names = [(region.name, region.span) for region in self.regions]
        index = region_at(names, name) if isinstance(name, int) else find_region(names, name)
        return self.regions[index]

    def sections(self, module: tables.Module) -> tuple[Section, ...]:
        """The sections of a module in address order, as its own headers in the dump tell them.

        None where the headers are not in the dump. The programs and libraries of Linux keep the
        names of their sections in a part of the file that is not in memory: there, these are
        segments, whose name is "".
        """
        if module not in self._sections:
            self._sections[module] = sections_of(self._space, module)
        return self._sections[module]

    def where(self, address: int) -> str:
        """What lies at an address, as debuggers write it: "hal.dll!.text+0x12".

        Where no section is known "hal.dll+0x1012", in no module "[heap]+0x12" of a region, and in
        no region "0x7ffe0012".
        """
        region = _holding(self.regions, address)
        if region is None:
            return format_address(address)
        module = region.module
        section = _holding(self.sections(module), address) if module else None
        if module and section and section.name:
            return f"{module.name}!{section.name}+{address - section.span.start:#x}"
        base = module or region
        return f"{base.name}+{address - base.span.start:#x}"

    def runs(self, where: Where) -> Runs:
        """Which of the bytes are present, counted from the first; none of them is read.

        Raises:
            AddressError: A text that is not a range.
        """
        return self._space.runs(self._span(where))

    def holes(self, where: Where) -> dict[str, Runs]:
        """Which of the bytes are missing, by the reason why, counted from the first.

        Reasons are "not mapped", "paged out" and "not in the file"; one without bytes is left out.

        Raises:
            AddressError: A text that is not a range.
        """
        holes = self._space.holes(self._span(where))
        return {reason.value: runs for reason, runs in holes.items()}

    def read(self, where: Where, *, limit: int = READ_LIMIT) -> Memory:
        """Reads bytes, holes and all: memory is allocated for each of the addresses.

        Args:
            where: Which.
            limit: The most bytes to read at once; `blocks` reads more.

        Returns:
            `data`, one uint8 for each address and 0 in holes; `present`, as many booleans; `runs`,
            the same as (start, size) pieces.

        Raises:
            AddressError: A text that is not a range.
            LimitError: It is larger than `limit`.
            DumpError: The dump changed meanwhile, or the process ended.
        """
        span = self._span(where)
        if span.size > limit:
            raise LimitError(
                f"{span}: {span.size:,} bytes and at most {limit:,} are read at once: take blocks, "
                "or raise limit"
            )
        return self._space.read(span)

    def blocks(self, where: Where, size: int = BLOCK) -> Iterator[tuple[int, Memory]]:
        """Reads what is present, in address order, piece by piece as (address, memory).

        A block has at most `size` bytes and no holes, but for those of a live process whose pages
        went away meanwhile. What is absent costs no time, however large it is.

        Raises:
            MemtilesError: As `read`.
        """
        if size < 1:
            raise UsageError(f"blocks of {size} bytes: at least 1 is needed")
        start = self._span(where).start
        for first, length in self.runs(where):
            for offset in range(first, first + length, size):
                block = Span(start + offset, min(size, first + length - offset))
                yield block.start, self._space.read(block)

    def picture(
        self,
        out: str | os.PathLike[str],
        where: Where | None = None,
        *,
        bits: Bits = 32,
        layout: BmpLayoutName | None = None,
        width: int | None = None,
        force: bool = False,
        limit: int = OUTPUT_LIMIT,
    ) -> PictureFile:
        """Writes one picture, as `memtiles picture` does.

        Args:
            out: The file to write: .bmp, .png or .tif.
            where: What is drawn. None for the file's own bytes, whatever is in it; an archive is
                not unpacked for that.
            bits: Bits of a pixel: 8, 16, 24 or 32, for 1 to 4 bytes of memory.
            layout: "classic", Dump2Picture's square, or "rows". None for classic, or for rows
                where there is a width.
            width: Pixels of a row. None for the power of two next above the square root.
            force: Replace a file that is there.
            limit: The most bytes to write, before compression.

        Returns:
            What was written. In a BMP the pixels are the bytes, and holes are magenta; in PNG and
            TIFF they are clear. Above 4 GiB there are several BMPs.

        Raises:
            LayoutError: It cannot be drawn so.
            DumpError: Nothing of it is in the dump, or the dump changed meanwhile.
            LimitError: It is too large.
            UsageError: The file cannot be written there; or a process has no own bytes.
            DiskFullError: No space is left.
        """
        target = _target(out)
        kind = image_format(target, "png")
        look = Look.of(bits, layout, width)
        if where is None and kind == "bmp":
            path = self._own_file()
            with open_regular(path) as file:
                return save_file_picture(
                    file, self.name, target, [path], look, limit=limit, force=force
                )
        with self._memory(where) as (space, name, span):
            return save_picture(
                space,
                span,
                target,
                self._inputs,
                look,
                kind,
                description=describe(name, span, look),
                limit=limit,
                force=force,
                jobs=os.cpu_count() or 1,
            )

    def extract(
        self,
        out: str | os.PathLike[str],
        where: Where,
        *,
        holes: Holes = "zero",
        force: bool = False,
        limit: int = OUTPUT_LIMIT,
    ) -> Extracted:
        """Writes bytes to a flat file, as `memtiles extract` does.

        Args:
            out: The file to write.
            where: Which bytes.
            holes: "zero" writes zeros for what is missing, so that offsets stay right; "skip"
                leaves it out; "error" refuses.
            force: Replace a file that is there.
            limit: The most bytes to write.

        Returns:
            How many bytes were written, and how many are missing.

        Raises:
            DumpError: Nothing of it is in the dump, or something is missing and `holes` is "error".
            LimitError: It is too large.
            UsageError: The file cannot be written there.
            DiskFullError: No space is left.
        """
        if holes not in HOLES:
            raise UsageError(f"holes {show(str(holes))}: write one of {', '.join(HOLES)}")
        return save_flat_memory(
            self._space,
            self._span(where),
            _target(out),
            self._inputs,
            holes=holes,
            limit=limit,
            force=force,
        )

    @cached_property
    def _regions(self) -> Regions:
        return regions_of_dump(self._opened)

    @property
    def _space(self) -> AddressSpace:
        self._check_open()
        return self._opened.spaces[0]

    def _span(self, where: Where) -> Span:
        """The addresses that are meant, without the sign that a 64-bit debugger gives them."""
        return without_sign(span_of(where), self.address_bits)

    @property
    def _inputs(self) -> list[Path]:
        return [self._path] if self._path else []

    def _check_open(self) -> None:
        if self._is_closed:
            raise UsageError(f"{self.name}: is closed: use it inside its `with` block")

    def _own_file(self) -> Path:
        """The dump's file, as it is on disk and as long as it is the one that was opened."""
        self._check_open()
        if self._path is None:
            raise UsageError(f"{self.name}: a process is no file: say which addresses are meant")
        if identity_of(self._path) != self._opened.identity:
            raise DumpError(f"{self._path}: changed since it was opened: open it again")
        return self._path

    @contextmanager
    def _memory(self, where: Where | None) -> Iterator[tuple[AddressSpace, str, Span]]:
        """What is drawn, and its name; None are the bytes of the file."""
        if where is not None:
            named = where.name if isinstance(where, Region | tables.Module | Section) else ""
            yield self._space, named or self.name, self._span(where)
            return
        with open_source(FileSource.open_as_it_is(self._own_file()), "raw") as raw:
            yield raw.spaces[0], raw.name, raw.mappings[0].span


def _target(out: str | os.PathLike[str]) -> str:
    """A file's name; in full, so that none means standard output."""
    return str(Path(out).absolute())


_Place = TypeVar("_Place", Region, Section)


def _holding(places: Sequence[_Place], address: int) -> _Place | None:
    """Which of disjoint places in address order holds an address."""
    at = bisect_right(places, address, key=lambda place: place.span.start) - 1
    return places[at] if at >= 0 and address in places[at].span else None

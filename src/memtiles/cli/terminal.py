"""How things look in a terminal: tables, notes, progress. The commands decide what is shown.

Names come out of dumps, which are hostile: nothing of them reaches the terminal that could move its
cursor or rename its window.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.errors import UsageError
from memtiles.printable import counted
from memtiles.printable import printable as printable

if TYPE_CHECKING:
    from memtiles.info import Info, InfoRow, SpaceInfo
    from memtiles.pictures.lens import ColourLens, ValueLens
    from memtiles.pictures.width import FoundWidth
    from memtiles.plan import Plan, PlannedRegion, PlannedStrip


def complain(text: str) -> None:
    """An error on stderr; several lines are several errors."""
    for line in text.split("\n"):
        print(f"memtiles: {printable(line)}", file=sys.stderr)


def print_notes(report: Iterable[str]) -> None:
    """What a user should hear of though it is no error, on stderr."""
    for line in report:
        print(f"note: {printable(line)}", file=sys.stderr)


def print_plan(plan: Plan) -> None:
    """What a build would do, with upper bounds of what it would write."""
    _print_columns(
        ("start", "bytes", "present", "picture", "kind", "region"),
        [_planned(planned) for planned in plan.regions],
        right=(1, 2, 3),
    )
    pixels = sum(one.shape.width * one.shape.height for one in plan.regions if one.shape)
    print(f"regions   {len(plan.regions)}, {sum(1 for one in plan.regions if one.shape)} drawn")
    print(f"pixels    {pixels:,}")
    for atlas in plan.atlases:
        layout = f" {atlas.layout}" if atlas.layout else ""
        size = f"{atlas.landscape.width}×{atlas.landscape.height}"
        print(f"atlas     {atlas.config.name} {size}{layout}")
    print(f"lenses    {', '.join(printable(lens.name) for lens in plan.lenses)}")
    for strip in plan.strips:
        print(f"strip     {_strip(plan, strip)}")
    print(f"tiles     at most {plan.tiles:,}")
    print(f"files     at most {plan.files:,}")
    print(f"bytes     at most {plan.output_bytes:,}")


def _planned(planned: PlannedRegion) -> tuple[str, ...]:
    region, shape = planned.region, planned.shape
    return (
        hex(region.span.start),
        f"{region.span.size:,}",
        percent(planned.runs.total, region.span.size),
        f"{shape.width}×{shape.height} {shape.layout} {shape.bits} bits" if shape else "none",
        region.kind.value,
        printable(region.name),
    )


def _strip(plan: Plan, strip: PlannedStrip) -> str:
    config, crop = strip.config, strip.crop
    source = config.atlas if strip.region is None else plan.regions[strip.region].region.name
    form = f"{config.format} at {config.dpi} dpi"
    return f"{config.name} {crop.width}×{crop.height} of {printable(source or '')}, {form}"


def print_info(info: Info, *, sections: bool = False) -> None:
    """What a dump is, and its modules and regions; their sections where these are asked for."""
    dump = info.dump
    digits = dump.address_bits // 4
    print(f"{printable(dump.name)}: {dump.format}, {dump.size:,} bytes")
    for key, value in _about(info):
        print(f"  {key:<9}  {printable(value)}")
    _print_titled("module", [module.row for module in info.modules], digits)
    if sections:
        _print_titled("section", _named_sections(info), digits)
    _print_titled("region", info.regions, digits)


def _about(info: Info) -> Iterator[tuple[str, str]]:
    dump = info.dump
    yield "system", dump.system or "unknown"
    yield "machine", dump.machine or "unknown"
    yield "addresses", f"{dump.address_bits} bits"
    for space in info.spaces:
        yield "space", f"{space.name}: {_extent(space)}"


def _extent(space: SpaceInfo) -> str:
    """How large a space is, as far as that is known, and what is missing where page tables tell."""
    from memtiles.memory.space import Absence

    if space.present is None:
        return f"what is in it is told with --space {space.name}"
    if space.size is None:
        return f"{space.present:,} bytes are in the dump"
    told = f"{space.present:,} of {space.size:,} bytes of its regions are in the dump"
    if set(space.missing) <= {Absence.NOT_IN_FILE}:
        return told
    return told + "".join(f"; {count:,} {reason}" for reason, count in space.missing.items())


def _named_sections(info: Info) -> list[InfoRow]:
    """The sections of all modules, each with its module's name before its own."""
    from dataclasses import replace

    return [
        replace(one, name=f"{module.row.name}!{one.name}" if one.name else module.row.name)
        for module in info.modules
        for one in module.sections
    ]


def print_widths(widths: Sequence[FoundWidth]) -> None:
    """Found widths, best first, with a number each."""
    _print_columns(
        ("", "score", "width", "bits", "stride", "rows beside"),
        [
            (
                str(number),
                f"{one.score:.2f}",
                f"{one.width:,}",
                str(one.bits),
                f"{one.stride:,}",
                str(one.beside),
            )
            for number, one in enumerate(widths, 1)
        ],
        right=range(6),
    )


def _print_titled(what: str, rows: Sequence[InfoRow], digits: int) -> None:
    print(f"\n{counted(len(rows), what)}")
    if rows:
        _print_rows(rows, digits)


def _print_rows(rows: Sequence[InfoRow], digits: int) -> None:
    cells = [
        (
            f"{row.span.start:0{digits}x}",
            f"{row.span.end:0{digits}x}",
            f"{row.span.size:,}",
            percent(row.present, row.span.size),
            row.protection or "",
            row.kind,
            printable(row.name),
        )
        for row in rows
    ]
    heads = ("start", "end", "bytes", "present", "prot", "kind", "name")
    _print_columns(heads, cells, right=(2, 3))


def _print_columns(
    heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, right: Container[int]
) -> None:
    """Columns that never shrink: an address is copied into a debugger, or it is of no use.

    Args:
        heads: What stands above them; the last column is the one that may be endless.
        rows: The cells.
        right: The columns of numbers.
    """
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    line = "  ".join(
        f"{{:{'>' if column in right else '<'}{width}}}" for column, width in enumerate(widths)
    )
    for row in (heads, *rows):
        print(line.format(*row).rstrip())


def print_lenses(lenses: Sequence[ColourLens | ValueLens]) -> None:
    """What lenses there are."""
    rows = [(one.name, type(one.zoom).__name__.lower(), one.summary) for one in lenses]
    _print_columns(("lens", "zoom", "what it shows"), rows, right=())


def print_lens(lens: ColourLens | ValueLens) -> None:
    """What one lens shows, how it is seen from far away, and what its colours stand for."""
    from memtiles.pictures.lens import ValueLens

    print(f"{lens.name}: {printable(lens.summary)}")
    if isinstance(lens, ValueLens):
        print(f"It looks at {counted(lens.block, 'byte')} at a time.")
    print(lens.zoom.sentence + "\n")
    for colour, label in lens.legend:
        print(f"  {colour}  {printable(label)}")


def percent(present: int, size: int) -> str:
    """A share that says 100% only for all and 0% only for nothing."""
    if present in (0, size):
        return "100%" if present else "0%"
    return f"{min(99.9, max(0.1, 100 * present / size)):.1f}%"


def check_opener() -> None:
    """Refuses to promise a picture viewer where there is none.

    Raises:
        UsageError: No program here opens files.
    """
    if not hasattr(os, "startfile") and _opener() is None:
        raise UsageError("--open: no program here opens pictures: xdg-open is missing")


def open_file(path: Path) -> None:
    """Shows a file in the program that the user's system opens such files with."""
    import subprocess

    start = getattr(os, "startfile", None)
    if start is not None:
        start(path)
        return
    quiet = subprocess.DEVNULL
    subprocess.Popen([_opener() or "xdg-open", path], stdin=quiet, stdout=quiet, stderr=quiet)


def _opener() -> str | None:
    import shutil

    return shutil.which("open" if sys.platform == "darwin" else "xdg-open")


class Bars:
    """Progress as bars on stderr, silent where that is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[int], object]]:
        if self._quiet or sys.stderr is None or not sys.stderr.isatty():
            yield lambda _: None
            return
        from tqdm import tqdm

        with tqdm(
            desc=name,
            total=total or None,
            unit="",  # bytes in some stages, pixels in others, and both in some
            unit_scale=True,
            leave=False,
        ) as bar:
            yield bar.update

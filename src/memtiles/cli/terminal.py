"""How things look in a terminal: tables, notes, progress. `cli.py` decides what is shown.

Names come out of dumps, which are hostile: nothing of them reaches the terminal that could move its
cursor or rename its window.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.errors import UsageError
from memtiles.printable import printable as printable

if TYPE_CHECKING:
    from rich.table import Table

    from memtiles.info import Info, InfoRow
    from memtiles.plan import Plan, PlannedStrip


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
    from rich.table import Table

    table = Table("region", "kind", "start", "bytes", "present", "picture", box=None)
    for column in table.columns[3:]:
        column.justify = "right"
    for planned in plan.regions:
        shape = planned.shape
        table.add_row(
            printable(planned.region.name),
            planned.region.kind.value,
            hex(planned.region.span.start),
            f"{planned.region.span.size:,}",
            percent(planned.runs.total, planned.region.span.size),
            f"{shape.width}×{shape.height} {shape.layout} {shape.bits} bits" if shape else "none",
        )
    _print_table(table)
    pixels = sum(one.shape.width * one.shape.height for one in plan.regions if one.shape)
    print(f"regions   {len(plan.regions)}, {sum(1 for one in plan.regions if one.shape)} drawn")
    print(f"pixels    {pixels:,}")
    for atlas in plan.atlases:
        print(f"atlas     {atlas.config.name} {atlas.landscape.width}×{atlas.landscape.height}")
    for strip in plan.strips:
        print(f"strip     {_strip(plan, strip)}")
    print(f"tiles     at most {plan.tiles:,}")
    print(f"files     at most {plan.files:,}")
    print(f"bytes     at most {plan.output_bytes:,}")


def _strip(plan: Plan, strip: PlannedStrip) -> str:
    config, crop = strip.config, strip.crop
    source = config.atlas if strip.region is None else plan.regions[strip.region].region.name
    form = f"{config.format} at {config.dpi} dpi"
    return f"{config.name} {crop.width}×{crop.height} of {printable(source or '')}, {form}"


def print_info(info: Info) -> None:
    """The modules and regions of a dump."""
    dump = info.dump
    about = [f"{dump.size:,} bytes", f"{dump.address_bits}-bit addresses"]
    about += [dump.machine] if dump.machine else []
    print(f"{printable(dump.name)}: {dump.format}, {', '.join(about)}")
    print(f"spaces: {', '.join(space.name for space in dump.spaces)}")
    for title, rows in (("modules", info.modules), ("regions", info.regions)):
        print(f"\n{len(rows)} {title}")
        if rows:
            _print_rows(rows, dump.address_bits // 4)


def _print_rows(rows: Sequence[InfoRow], digits: int) -> None:
    from rich.table import Table

    table = Table("start", "end", "bytes", "present", "prot", "kind", "name", box=None)
    for column in table.columns[2:4]:
        column.justify = "right"
    for row in rows:
        table.add_row(
            f"{row.span.start:0{digits}x}",
            f"{row.span.end:0{digits}x}",
            f"{row.span.size:,}",
            percent(row.present, row.span.size),
            row.protection or "",
            row.kind,
            printable(row.name),
        )
    _print_table(table)


def percent(present: int, size: int) -> str:
    """A share that says 100% only for all and 0% only for nothing."""
    if present in (0, size):
        return "100%" if present else "0%"
    return f"{min(99.9, max(0.1, 100 * present / size)):.1f}%"


def open_file(path: Path) -> None:
    """Shows a file in the program that the user's system opens such files with."""
    import shutil
    import subprocess

    start = getattr(os, "startfile", None)
    if start is not None:
        start(path)
        return
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        raise UsageError(f"{path}: no program here opens pictures: xdg-open is missing")
    quiet = subprocess.DEVNULL
    subprocess.Popen([opener, path], stdin=quiet, stdout=quiet, stderr=quiet)


def _print_table(table: Table) -> None:
    """A table as wide as the terminal; nothing cut where the output goes to a file."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 1000
    console = Console(width=width, highlight=False, markup=False)
    # Not printed by rich: where the reader went away, it would end the program with exit code 1.
    with console.capture() as drawn:
        console.print(table)
    print(drawn.get(), end="")


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
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            leave=False,
        ) as bar:
            yield bar.update

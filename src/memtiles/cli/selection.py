"""What the shared arguments mean: which bytes, and how they are drawn."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memtiles.cli.inputs import PROCESS, STANDARD_STREAM
from memtiles.errors import UsageError

if TYPE_CHECKING:
    from memtiles.exports.picture import Look
    from memtiles.memory.dump import Dump
    from memtiles.memory.span import Span


class Selection(NamedTuple):
    """A named span of a dump."""

    name: str
    span: Span


def select(dump: Dump, options: argparse.Namespace) -> Selection:
    """The range or the region that the arguments name.

    Raises:
        UsageError: There is no such region.
    """
    from memtiles.maps.lookup import find_region
    from memtiles.maps.region import regions_of_dump
    from memtiles.memory.address import without_sign

    if options.range is not None:
        return Selection(dump.name, without_sign(options.range, dump.address_bits))
    rows = regions_of_dump(dump).rows
    found = rows[find_region([(row.name, row.span) for row in rows], options.region)]
    return Selection(found.name, found.span)


def means_own_bytes(options: argparse.Namespace) -> bool:
    """Whether no addresses are chosen, so that a file's own bytes are meant, whatever it is.

    Raises:
        UsageError: What was said cannot be meant so.
    """
    if options.range is not None or options.region is not None:
        return False
    if PROCESS.fullmatch(options.input):
        raise UsageError(f"{options.input}: a process is no file: give --region or --range")
    if options.format not in ("auto", "raw") or (options.base, options.cr3, options.space) != (
        None,
        None,
        None,
    ):
        raise UsageError("--format, --base, --cr3 and --space go with --region or --range")
    return True


def look_of(options: argparse.Namespace) -> Look:
    """How it is drawn; Dump2Picture's way where nothing is said."""
    from memtiles.exports.picture import Look

    return Look.of(options.bits, options.layout, options.width)


def files_read(options: argparse.Namespace) -> list[Path]:
    """The files that an output must not replace."""
    if PROCESS.fullmatch(options.input):
        return []
    return [Path("/dev/stdin" if options.input == STANDARD_STREAM else options.input)]

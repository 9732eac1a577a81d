"""`memtiles slice`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memtiles.cli import terminal
from memtiles.cli.arguments import (
    add_input,
    add_knowledge,
    add_look,
    add_output,
    add_permissions,
    add_selection,
    parsed,
    positive,
)
from memtiles.cli.command import Command, Example
from memtiles.cli.inputs import STANDARD_STREAM, open_input, open_own_bytes
from memtiles.cli.selection import Selection, files_read, look_of, means_own_bytes, select
from memtiles.errors import UsageError
from memtiles.limits import DPI, FINEST_DPI

if TYPE_CHECKING:
    from memtiles.crop import Crop
    from memtiles.memory.dump import Dump
    from memtiles.tiles.plane import Plane


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser, "INPUT", "a site, which is an output folder of `build`, a file")
    add_output(parser, "OUT", "the cut: .png, .tif or .bmp, or - for a PNG on stdout")
    group = add_selection(parser)
    group.add_argument("--atlas", metavar="NAME", help="an atlas of a site; without it, the first")
    parser.add_argument(
        "--crop",
        metavar="WxH+X+Y",
        type=parsed(_crop),
        help="width, height, left and top in pixels; without it, all",
    )
    parser.add_argument(
        "--dpi",
        metavar="N",
        type=_dpi,
        default=DPI,
        help=f"pixels per inch, from 1 to {FINEST_DPI}",
    )
    add_look(parser)
    add_permissions(parser)
    add_knowledge(parser)


def _crop(text: str) -> Crop:
    from memtiles.crop import parse_crop

    return parse_crop(text)


def _dpi(text: str) -> int:
    dpi = positive(text)
    if dpi > FINEST_DPI:
        raise argparse.ArgumentTypeError(f"at most {FINEST_DPI} pixels per inch")
    return dpi


class _Subject(NamedTuple):
    """What is cut."""

    plane: Plane
    description: str


def _run(options: argparse.Namespace) -> None:
    from memtiles.crop import Crop
    from memtiles.exports.cut import save_cut
    from memtiles.exports.description import describe_cut
    from memtiles.exports.image_format import image_format

    kind = image_format(options.output, "png")
    is_site = os.path.isdir(options.input)  # noqa: PTH112 - Path's raises without permission
    subject_of = _of_site if is_site else _of_file
    with subject_of(options) as subject:
        plane = subject.plane
        crop = options.crop or Crop(plane.width, plane.height, 0, 0)
        with terminal.Bars(quiet=False).stage("slice", crop.width * crop.height) as advance:
            save_cut(
                plane,
                crop,
                options.output,
                files_read(options),
                kind,
                dpi=options.dpi,
                description=describe_cut(subject.description, crop, plane.width, plane.height),
                limit=options.limit,
                force=options.force,
                jobs=os.cpu_count() or 1,
                advance=advance,
            )
    if options.output != STANDARD_STREAM:
        print(
            f"{crop.width}×{crop.height} pixels at {options.dpi} dpi: "
            f"{_millimetres(crop.width, options.dpi)} × "
            f"{_millimetres(crop.height, options.dpi)} mm"
        )
        print(terminal.printable(options.output))
    if plane.bands % 2 == 0:
        seen = "magenta" if kind == "bmp" else "clear"
        terminal.print_notes([f"where nothing is in the dump, the picture is {seen}"])


def _millimetres(pixels: int, dpi: int) -> str:
    return f"{pixels * 25.4 / dpi:,.1f}"


@contextmanager
def _of_file(options: argparse.Namespace) -> Iterator[_Subject]:
    if options.atlas is not None:
        raise UsageError(f"{options.input}: --atlas is for a site, and this is no folder")
    if means_own_bytes(options):
        with open_own_bytes(options.input) as dump:
            yield _drawn(options, dump, Selection(dump.name, dump.mappings[0].span))
    else:
        with open_input(options) as dump:
            terminal.print_notes(dump.warnings)
            yield _drawn(options, dump, select(dump, options))


def _drawn(options: argparse.Namespace, dump: Dump, selected: Selection) -> _Subject:
    from memtiles.exports.description import describe
    from memtiles.exports.picture import draw

    look = look_of(options)
    plane = draw(dump.spaces[0], selected.span, look)
    return _Subject(plane, describe(selected.name, selected.span, look))


@contextmanager
def _of_site(options: argparse.Namespace) -> Iterator[_Subject]:
    from memtiles.exports.description import describe, plain
    from memtiles.exports.picture import Look
    from memtiles.memory.span import Span
    from memtiles.site.opened import atlas_plane, read_site, region_plane, region_row

    for name in ("format", "base", "cr3", "space", "range", "bits", "layout", "width"):
        if getattr(options, name) not in (None, "auto"):
            raise UsageError(f"--{name} is for a file; the pictures of a site are drawn already")
    folder = Path(options.input)
    manifest = read_site(folder)
    if options.region is None:
        name = options.atlas or manifest.atlases[0].name
        plane: Plane = atlas_plane(folder, manifest, name)
        yield _Subject(plane, f"memtiles: {plain(manifest.title)}, atlas {plain(name)}")
        return
    row = region_row(manifest, options.region)
    picture = region_plane(folder, manifest, row)
    look = Look(picture.shape.bits, picture.shape.layout)
    yield _Subject(picture, describe(row.name, Span(row.start, row.size), look))


COMMAND = Command(
    name="slice",
    summary="cut a print-quality strip out of a file, a region or an atlas",
    description=(
        "Writes a rectangle of pixels at full resolution, without loss, in memory that does not "
        "grow with it. It is cut out of a file's own bytes, of a range or a region of a dump, or "
        "of a region or an atlas of a site. --dpi only says how large it is printed: no pixel is "
        "ever made up.\n\n"
        "What the dump does not hold is clear in PNG and TIFF and magenta in a BMP."
    ),
    examples=(
        Example(
            "memtiles slice pagefile.sys strip.png --bits 32 --layout classic "
            "--crop 100x18400+9150+0",
            "a strip of any file",
        ),
        Example("memtiles slice site poster.tif --atlas landscape --dpi 600", "a whole atlas"),
        Example(
            "memtiles slice site libc.png --region libc.so.6 --crop 64x64+0+0", "part of a region"
        ),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("picture", "build"),
)

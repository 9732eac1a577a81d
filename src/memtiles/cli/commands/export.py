"""`memtiles export`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from memtiles.cli import terminal
from memtiles.cli.arguments import add_permissions
from memtiles.cli.command import Command, Example
from memtiles.cli.inputs import STANDARD_STREAM
from memtiles.errors import UsageError

if TYPE_CHECKING:
    from memtiles.tiles.plane import Plane


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="SITE", help="an output folder of `build`")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--region", metavar="NAME", help="a region of the site, or any address in it"
    )
    group.add_argument("--atlas", metavar="NAME", help="an atlas; without it, the first")
    parser.add_argument(
        "--to",
        choices=("dzi", "szi", "tiff"),
        required=True,
        help="what it becomes, see above",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="the file to write, or a folder for it, or - for stdout; without it, it is called "
        "after the region or the atlas",
    )
    parser.add_argument(
        "--tile-size",
        type=int,
        choices=(256, 512, 1024),
        help="pixels of a tile's side; without it, as in the site, or 512 where it has none",
    )
    add_permissions(parser)


class _Subject(NamedTuple):
    """What is exported: its pixels, the name of its file, its tiles in the site, what it is."""

    plane: Plane
    name: str
    tile_size: int | None
    description: str


def _run(options: argparse.Namespace) -> None:
    from memtiles.exports.pyramid import deep_zoom_folder, save_export, target_of
    from memtiles.tiles.standalone import TILE_SIZES

    folder = Path(options.input)
    subject = _subject(folder, options.region, options.atlas)
    plane, own_size = subject.plane, subject.tile_size
    tile_size = options.tile_size or (own_size if own_size in TILE_SIZES else 512)
    target = target_of(options.output, options.to, subject.name)
    with terminal.Bars(quiet=False).stage("export", plane.width * plane.height) as advance:
        save_export(
            plane,
            options.to,
            target,
            [folder],
            name=subject.name,
            tile_size=tile_size,
            description=subject.description,
            limit=options.limit,
            force=options.force,
            jobs=os.cpu_count() or 1,
            advance=advance,
        )
    to = sys.stderr if target == STANDARD_STREAM else sys.stdout
    print(f"{plane.width}×{plane.height} pixels, tiles of {tile_size}", file=to)
    if target != STANDARD_STREAM:
        print(terminal.printable(target))
    if options.to == "dzi":
        print(terminal.printable(str(deep_zoom_folder(Path(target)))))
    if plane.bands % 2 == 0:
        terminal.print_notes(["where nothing is in the dump, the picture is clear"])


def _subject(folder: Path, region: str | None, atlas: str | None) -> _Subject:
    from memtiles.exports.description import describe, plain
    from memtiles.exports.picture import Look
    from memtiles.memory.span import Span
    from memtiles.site.opened import atlas_plane, read_site, region_plane, region_row
    from memtiles.site.store import file_stem

    manifest = read_site(folder)
    if region is None:
        if not manifest.atlases:
            raise UsageError(f"{folder}: has no atlas: name a --region")
        plane = atlas_plane(folder, manifest, atlas)
        drawn = next(row for row in manifest.atlases if atlas in (None, row.name))
        name, size = drawn.name, drawn.lenses[0].pyramid.tile_size
        what = f"memtiles: {plain(manifest.title)}, atlas {plain(name)}"
        return _Subject(plane, file_stem(name, "atlas"), size, what)
    row = region_row(manifest, region)
    picture = region_plane(folder, manifest, row)
    pyramid = manifest.pictures[row.picture or 0].pyramid
    look = Look(picture.shape.bits, picture.shape.layout)
    return _Subject(
        picture,
        file_stem(row.name, "region"),
        pyramid.tile_size if pyramid else None,
        describe(row.name, Span(row.start, row.size), look),
    )


COMMAND = Command(
    name="export",
    summary="write a region or an atlas as a zoomable picture for other viewers",
    description=(
        "Writes a region's picture, or an atlas, of a site as a pyramid that other programs zoom "
        "into. Every tile is there, also where a site leaves it out, and every pixel of full "
        "resolution is as in the site.\n\n"
        "    dzi   OUT.dzi and OUT_files: Deep Zoom, for web pages and servers\n"
        "    szi   OUT.szi: the same in one zip file that is not compressed\n"
        "    tiff  OUT.tif: a TIFF of tiles and levels, for QuPath and OpenSlide\n\n"
        "The ending is added to OUT where it has another one. What the dump does not hold is "
        "clear."
    ),
    examples=(
        Example("memtiles export site --region libc.so.6 --to dzi", "libc-so-6.dzi and its tiles"),
        Example("memtiles export site --to szi -o map.szi", "the whole atlas in one file"),
        Example(
            "memtiles export site --region 0x7ffff7a00000 --to tiff --tile-size 256 -o libc.tif",
            "for a viewer of microscopes",
        ),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("build", "slice"),
)

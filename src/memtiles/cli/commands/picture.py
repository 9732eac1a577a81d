"""`memtiles picture`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.cli import terminal
from memtiles.cli.arguments import (
    add_input,
    add_knowledge,
    add_look,
    add_output,
    add_permissions,
    add_selection,
)
from memtiles.cli.command import Command, Example
from memtiles.cli.inputs import (
    STANDARD_STREAM,
    is_packed,
    open_input,
    open_own_bytes,
    open_own_file,
)
from memtiles.cli.selection import Selection, files_read, look_of, means_own_bytes, select
from memtiles.errors import UsageError

if TYPE_CHECKING:
    from memtiles.exports.picture import PictureFile
    from memtiles.memory.dump import Dump
    from memtiles.tiles.strip import StripFormat


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser, "INPUT")
    add_output(parser, "OUT", "the picture: .bmp, .png or .tif, or - for a BMP on stdout")
    add_selection(parser)
    add_look(parser)
    add_permissions(parser)
    add_knowledge(parser)
    parser.add_argument("--open", action="store_true", help="show it in the picture viewer")


def _run(options: argparse.Namespace) -> None:
    from memtiles.exports.image_format import image_format
    from memtiles.memory.holes import holes_in_words

    if options.open and options.output == STANDARD_STREAM:
        raise UsageError("--open needs a file to open: name one instead of -")
    if options.open:
        terminal.check_opener()
    kind = image_format(options.output, "bmp")
    why = ""
    if not means_own_bytes(options):
        with open_input(options) as dump:
            terminal.print_notes(dump.warnings)
            selected = select(dump, options)
            made = _draw(options, dump, selected, kind)
            why = holes_in_words(dump.spaces[0], selected.span) if made.missing else ""
    elif kind == "bmp":
        made = _copy(options)
    else:
        with open_own_bytes(options.input) as dump:
            made = _draw(options, dump, Selection(dump.name, dump.mappings[0].span), kind)
    if means_own_bytes(options) and is_packed(options.input):
        terminal.print_notes(["the archive is pictured as it lies there, packed"])
    terminal.print_notes(_notes(made, kind, why))
    if options.output != STANDARD_STREAM:
        _print_files(made)
    if options.open:
        terminal.open_file(Path(made.files[0]))


def _copy(options: argparse.Namespace) -> PictureFile:
    from memtiles.exports.picture import save_file_picture
    from memtiles.memory.files.open_file import STANDARD_INPUT

    name = STANDARD_INPUT if options.input == STANDARD_STREAM else options.input
    with open_own_file(options.input) as file, _bar(os.fstat(file.fileno()).st_size) as advance:
        return save_file_picture(
            file,
            name,
            options.output,
            files_read(options),
            look_of(options),
            limit=options.limit,
            force=options.force,
            advance=advance,
        )


def _draw(
    options: argparse.Namespace, dump: Dump, selected: Selection, kind: StripFormat
) -> PictureFile:
    from memtiles.exports.description import describe
    from memtiles.exports.picture import save_picture

    look = look_of(options)
    shape = look.geometry(selected.span.size)
    # As many steps as bytes or pixels, whichever it is that are counted.
    total = selected.span.size if kind == "bmp" else shape.width * shape.height
    with _bar(total) as advance:
        return save_picture(
            dump.spaces[0],
            selected.span,
            options.output,
            files_read(options),
            look,
            kind,
            description=describe(selected.name, selected.span, look),
            limit=options.limit,
            force=options.force,
            jobs=os.cpu_count() or 1,
            advance=advance,
        )


def _bar(total: int) -> AbstractContextManager[Callable[[int], object]]:
    return terminal.Bars(quiet=False).stage("picture", total)


def _notes(made: PictureFile, kind: StripFormat, why: str) -> Iterator[str]:
    hidden = made.shape.size - made.shape.raster_bytes
    if hidden > 0:
        kept = ", but are in the file" if kind == "bmp" and made.bits == made.shape.bits else ""
        yield f"the last {hidden:,} bytes have no pixel in layout classic{kept}"
    if made.missing:
        seen = "are magenta; a .png or .tif leaves them clear" if kind == "bmp" else "are clear"
        yield f"{made.missing:,} bytes are not in the dump{why} and {seen}"
    if made.bits != made.shape.bits:
        yield "the BMP has 24 bits instead of 8, for 256 greys leave no colour for what is missing"
    if kind != "bmp" and made.shape.bits == 32:
        yield "the fourth byte of each pixel shows in no colour and is only in a BMP"


def _print_files(made: PictureFile) -> None:
    shape = made.shape
    size = sum(Path(file).stat().st_size for file in made.files)
    print(f"{shape.width}×{shape.height} pixels of {made.bits} bits, {size:,} bytes")
    for file in made.files:
        print(terminal.printable(file))


COMMAND = Command(
    name="picture",
    summary="draw a file or a range of memory as one picture, as Dump2Picture did",
    description=(
        "Writes one picture in which the pixels are the bytes, the lowest address top left. "
        "Without --range and --region it shows the file's own bytes, whatever is in it: a BMP is "
        "then a header and the whole file; an archive stays packed. Layout classic is "
        "Dump2Picture's square; bytes that are left over have no pixel but lie behind the raster. "
        "At 24 bits its width is a multiple of 4, where Dump2Picture's rows shear.\n\n"
        "With --range or --region it shows memory by its addresses. What the dump does not hold is "
        "magenta in a BMP and clear in PNG and TIFF. A BMP of about 4 GiB and more becomes "
        "several: out.0000.bmp, out.0001.bmp and so on.\n\n"
        "The picture is the memory, secrets and all: only you may read the file."
    ),
    examples=(
        Example("memtiles picture pagefile.sys pagefile.bmp", "what does this file look like?"),
        Example("memtiles picture app.core libc.png --region libc.so.6", "one region of a dump"),
        Example(
            "memtiles picture app.core range.bmp --range '00005555`55554000 L1000' --bits 8",
            "a range, as WinDbg writes it",
        ),
        Example("cat hal.bin | memtiles picture - - > hal.bmp", "in a pipe"),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("slice", "extract"),
)

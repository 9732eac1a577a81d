"""`memtiles width`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.cli import terminal
from memtiles.cli.arguments import add_input, add_knowledge, add_selection, positive
from memtiles.cli.command import Command, Example
from memtiles.cli.inputs import open_input, open_own_bytes
from memtiles.cli.selection import Selection, files_read, means_own_bytes, select
from memtiles.errors import UsageError
from memtiles.printable import counted

if TYPE_CHECKING:
    from memtiles.memory.dump import Dump
    from memtiles.memory.space import AddressSpace
    from memtiles.memory.span import Span
    from memtiles.pictures.picture import Picture
    from memtiles.pictures.width import FoundWidth

_COLUMNS = 64
_ROWS = 32


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser, "INPUT")
    add_selection(parser)
    parser.add_argument(
        "--bits",
        type=int,
        choices=(8, 16, 24, 32),
        help="bits of a pixel; without it, those that each image seems to have",
    )
    parser.add_argument(
        "--most", metavar="N", type=positive, default=5, help="how many widths; without it, 5"
    )
    parser.add_argument("--json", action="store_true", help="for programs; draws nothing")
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        help="also write what is drawn, unshrunk, as FOLDER/width-N-BITS.png",
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    add_knowledge(parser)


def _run(options: argparse.Namespace) -> None:
    if means_own_bytes(options):
        with open_own_bytes(options.input) as dump:
            _find(options, dump, Selection(dump.name, dump.mappings[0].span))
    else:
        with open_input(options) as dump:
            terminal.print_notes(dump.warnings)
            _find(options, dump, select(dump, options))


def _find(options: argparse.Namespace, dump: Dump, selected: Selection) -> None:
    from memtiles.pictures.width import LEAST_SIZE, SAMPLE, find_region_widths

    space, span = dump.spaces[0], selected.span
    _picture(space, span, None)  # refuses what has no bytes
    if span.size < LEAST_SIZE:
        raise UsageError(
            f"{span} is {counted(span.size, 'byte')}: a width is found in "
            f"{LEAST_SIZE} bytes and more"
        )
    widths = find_region_widths(space, span, options.most, options.bits)
    files = _write(options, space, selected, widths)
    if options.json:
        import json

        print(json.dumps(_to_json(selected, widths), indent=1))
        return
    if not widths:
        print(f"no width stands out in {terminal.printable(selected.name)} {span}")
    else:
        terminal.print_widths(widths)
        problem = _preview(space, span, widths)
        print()
        for line in _config_lines(options, selected, widths[0]):
            print(line)
        if problem:
            terminal.print_notes([f"no previews: {problem}"])
    for file in files:
        print(terminal.printable(str(file)))
    held = space.runs(span).total
    if held > SAMPLE:
        terminal.print_notes([f"of {held:,} bytes {SAMPLE:,} were looked at, spread over them"])


def _to_json(selected: Selection, widths: Sequence[FoundWidth]) -> dict[str, object]:
    return {
        "name": selected.name,
        "start": hex(selected.span.start),
        "size": hex(selected.span.size),
        "widths": [
            {
                "width": one.width,
                "bits": one.bits,
                "stride": one.stride,
                "score": one.score,
                "beside": one.beside,
                "address": hex(selected.span.start + one.place),
            }
            for one in widths
        ],
    }


def _picture(space: AddressSpace, span: Span, one: FoundWidth | None) -> Picture:
    from memtiles.exports.picture import Look, draw

    look = Look(8, "rows") if one is None else Look(one.bits, "rows", one.width)
    return draw(space, span, look)


def _preview(space: AddressSpace, span: Span, widths: Sequence[FoundWidth]) -> str | None:
    """Draws each width where it is clearest; gives the reason where that cannot be."""
    from memtiles.cli import half_blocks
    from memtiles.exports.thumbnail import thumbnail, window

    console = half_blocks.make_console()
    problem = half_blocks.why_no_preview(console)
    if problem:
        return problem
    columns = min(_COLUMNS, console.width)
    for number, one in enumerate(widths, 1):
        picture = _picture(space, span, one)
        crop = window(picture.shape, one.place, columns, _ROWS)
        address = span.start + crop.y * picture.shape.row_bytes
        print(f"\n{number}  {one.width:,} pixels of {one.bits} bits, from {address:#x}")
        half_blocks.print_thumbnail(console, thumbnail(picture, crop, columns))
    return None


def _write(
    options: argparse.Namespace,
    space: AddressSpace,
    selected: Selection,
    widths: Sequence[FoundWidth],
) -> list[Path]:
    """Writes the windows of the previews at full resolution."""
    if options.out is None or not widths:
        return []
    from memtiles.disk import disk_errors
    from memtiles.exports.cut import save_cut
    from memtiles.exports.description import describe, describe_cut
    from memtiles.exports.picture import Look
    from memtiles.exports.thumbnail import window

    with disk_errors():
        options.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = []
    for one in widths:
        picture = _picture(space, selected.span, one)
        crop = window(picture.shape, one.place, _COLUMNS, _COLUMNS)
        what = describe(selected.name, selected.span, Look(one.bits, "rows", one.width))
        file = options.out / f"width-{one.width}-{one.bits}.png"
        save_cut(
            picture,
            crop,
            str(file),
            files_read(options),
            "png",
            description=describe_cut(what, crop, picture.width, picture.height),
            force=options.force,
        )
        files.append(file)
    return files


def _config_lines(
    options: argparse.Namespace, selected: Selection, best: FoundWidth
) -> Iterator[str]:
    from memtiles.init.quoting import pattern, quoted

    name = quoted(pattern(selected.name))
    if options.range is not None:
        name = "found"
        yield f"regions: {{ranges: [{{name: {name}, range: {_range(selected.span)}}}]}}"
    yield f"overrides: [{{match: {{name: {name}}}, width: {best.width}, bits: {best.bits}}}]"


def _range(span: Span) -> str:
    return f"{span.start:#x}+{span.size:#x}"


COMMAND = Command(
    name="width",
    summary="find the widths at which images and tables in memory stand upright",
    description=(
        "Rows of an image are like those below them. So memory that holds one repeats after as "
        "many bytes as a row has, and drawn at that width it stands upright. Prints these, best "
        "first, each as a small picture of where it is clearest, if the terminal has colours; and "
        "the line of a config that draws the region at the best one. That nothing stands out is no "
        "error.\n\n"
        "A score of 1 says that what varies repeats exactly. A row of a picture is whole 4-byte "
        "words: an image of 333 bytes a row is proposed at 1332, with four rows beside each other. "
        "Tables of records are found like images, at 8 bits, with the record for a row.\n\n"
        "Rows of 16 to 80,000 bytes are found, six and more of them. Of a large region 8 MiB are "
        "looked at, spread over what the dump holds of it. Without --region and --range the "
        "file's own bytes are meant, whatever is in it."
    ),
    examples=(
        Example("memtiles width pagefile.sys", "is there an image in this file?"),
        Example("memtiles width app.core --region libc.so.6", "or in this library?"),
        Example("memtiles width hal.bin --bits 8 --json", "the same for programs"),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("picture", "info", "build"),
)

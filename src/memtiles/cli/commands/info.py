"""`memtiles info`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from memtiles.cli import terminal
from memtiles.cli.arguments import add_input, add_knowledge
from memtiles.cli.command import Command, Example

if TYPE_CHECKING:
    from memtiles.memory.dump import Dump


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser, "DUMP")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument(
        "--preview",
        action="store_true",
        help="also draw all of it as a small picture, where the terminal has colours",
    )
    parser.add_argument(
        "--sections",
        action="store_true",
        help="also list the sections of modules; --json always has them",
    )
    add_knowledge(parser)


def _run(options: argparse.Namespace) -> None:
    from memtiles.cli.inputs import open_input
    from memtiles.info import describe_dump

    with open_input(options) as dump:
        info = describe_dump(dump, sections=options.json or options.sections)
        if options.json:
            import json

            print(json.dumps(info.to_json(), indent=1))
            return
        terminal.print_info(info, sections=options.sections)
        problem = _preview(dump) if options.preview else None
    terminal.print_notes(info.report)
    if problem:
        terminal.print_notes([f"no preview: {problem}"])


def _preview(dump: Dump) -> str | None:
    """Draws the preview; gives the reason where that cannot be."""
    from memtiles.cli import half_blocks
    from memtiles.preview import make_preview

    console = half_blocks.make_console()
    problem = half_blocks.why_no_preview(console)
    if problem:
        return problem
    width = half_blocks.pixels_across(console, dump.address_bits)
    preview = make_preview(dump, width, 2 * half_blocks.LINES)
    if preview is None:
        return "no region has bytes in the dump"
    print()
    half_blocks.print_preview(console, preview, dump.address_bits)
    return None


COMMAND = Command(
    name="info",
    summary="what a dump holds: modules, regions, and how much of each is present",
    description=(
        "Prints what a dump is, its modules, and the regions that a build would draw. Only the "
        "tables of the dump are read, so that it takes no longer for a large one.\n\n"
        "With --sections the sections of modules follow, with the protections that the modules ask "
        "for. They are read out of the modules' own headers, where these are in the dump. What "
        "Linux loads keeps its section names in a part of the file that is not in memory: of such "
        "modules the segments are listed, which have no names.\n\n"
        "With --preview all regions follow as one small picture in address order. A pixel is the "
        "mean of the bytes that it stands for, or of a sample where they are many, so that this, "
        "too, takes no longer for a large dump. Blue is what the dump does not hold. A line starts "
        "with the address of its first byte and ends with the largest region that begins in it, "
        "and how many others do. Environment variables NO_COLOR and FORCE_COLOR are respected."
    ),
    examples=(
        Example("memtiles info app.core", "what is in this dump?"),
        Example("memtiles info app.core --preview", "and what does it look like?"),
        Example("memtiles info app.core --sections", "which of it is code, which is data?"),
        Example("memtiles info app.core --json", "the same for programs"),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("init", "build", "picture", "extract"),
)

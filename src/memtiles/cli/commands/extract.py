"""`memtiles extract`."""

from __future__ import annotations

import argparse
import sys

from memtiles.cli import terminal
from memtiles.cli.arguments import (
    add_input,
    add_knowledge,
    add_output,
    add_permissions,
    add_selection,
)
from memtiles.cli.command import Command, Example
from memtiles.cli.inputs import STANDARD_STREAM, open_input
from memtiles.cli.selection import files_read, select

HOLES = ("zero", "skip", "error")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser, "DUMP")
    add_output(parser, "OUT", "the file to write, or - for stdout")
    add_selection(parser).required = True
    parser.add_argument(
        "--holes",
        choices=HOLES,
        default="zero",
        help="what to do with bytes that the dump does not hold: zero writes zeros, so that "
        "offsets stay right; skip leaves them out; error refuses",
    )
    add_permissions(parser)
    add_knowledge(parser)


def _run(options: argparse.Namespace) -> None:
    from memtiles.exports.flat_memory import save_flat_memory
    from memtiles.memory.holes import holes_in_words

    with open_input(options) as dump:
        terminal.print_notes(dump.warnings)
        space, span = dump.spaces[0], select(dump, options).span
        total = space.runs(span).total
        with terminal.Bars(quiet=False).stage("extract", total) as advance:
            done = save_flat_memory(
                space,
                span,
                options.output,
                files_read(options),
                holes=options.holes,
                limit=options.limit,
                force=options.force,
                advance=advance,
            )
        why = holes_in_words(space, span) if done.missing else ""
    to = sys.stderr if options.output == STANDARD_STREAM else sys.stdout
    how = " left out" if options.holes == "skip" else ""
    print(f"Writing {done.written:x} bytes...", file=to)
    print(f"{done.written:,} bytes written, {done.missing:,} in holes{why}{how}", file=to)


COMMAND = Command(
    name="extract",
    summary="write a range of memory to a flat file, as WinDbg's .writemem does",
    description=(
        "Writes the bytes of a range or a region, and nothing else. Says how many bytes it wrote "
        "in WinDbg's words, in hex, and how many of the range are holes: addresses that the dump "
        "does not hold."
    ),
    examples=(
        Example("memtiles extract app.core libc.bin --region libc.so.6", "one region"),
        Example(
            "memtiles extract app.core page.bin --range '00005555`55554000 L1000' --holes error",
            "a page, if the dump holds all of it",
        ),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("info", "picture"),
)

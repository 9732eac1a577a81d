"""`memtiles info`."""

from __future__ import annotations

import argparse

from memtiles.cli import terminal
from memtiles.cli.arguments import add_input
from memtiles.cli.command import Command, Example


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser, "DUMP")
    parser.add_argument("--json", action="store_true", help="for programs")


def _run(options: argparse.Namespace) -> None:
    from memtiles.cli.inputs import open_input
    from memtiles.info import describe_dump

    with open_input(options) as dump:
        info = describe_dump(dump)
    if options.json:
        import json

        print(json.dumps(info.to_json(), indent=1))
        return
    terminal.print_info(info)
    terminal.print_notes(info.report)


COMMAND = Command(
    name="info",
    summary="what a dump holds: modules, regions, and how much of each is present",
    description=(
        "Prints the format of a dump, its modules, and the regions that a build would draw. Only "
        "the tables of the dump are read, so that it takes no longer for a large one."
    ),
    examples=(
        Example("memtiles info app.core", "what is in this dump?"),
        Example("memtiles info app.core --json", "the same for programs"),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("build", "picture", "extract"),
)

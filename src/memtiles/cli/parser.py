"""The parser of the command line, made of what the commands say about themselves."""

from __future__ import annotations

import argparse
from typing import NoReturn

from memtiles import __version__
from memtiles.cli.commands import commands
from memtiles.errors import UsageError

EPILOG = """\
exit codes:
  0 ok    1 a bug or a failed part    2 usage or config    3 dump unreadable, malformed, changed
  4 a limit refused    5 output folder locked    6 disk full    7 damage found    130 interrupted
"""


class Parser(argparse.ArgumentParser):
    """Says one line where argparse prints its usage first."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def make_parser() -> Parser:
    """The parser of `memtiles`; a parsed command line has the command's function as `run`."""
    parser = Parser(
        prog="memtiles",
        description="Google Maps for memory dumps.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"memtiles {__version__}")
    choices = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for command in commands():
        one = choices.add_parser(
            command.name, help=command.summary, description=command.description
        )
        one.set_defaults(run=command.run)
        command.add_arguments(one)
    return parser

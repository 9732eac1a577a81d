"""The parser of the command line, made of what the commands say about themselves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from memtiles import __version__
from memtiles.cli.command import Command
from memtiles.cli.commands import commands
from memtiles.cli.terminal import printable
from memtiles.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

    from memtiles.cli.manual.page import Page


class Parser(argparse.ArgumentParser):
    """A parser with our manual as its help, and one line for a mistake.

    Attributes:
        command: What it parses the arguments of; None for `memtiles` itself.
        commands: The parsers of the commands, by name; empty in a command's own.
    """

    def __init__(self, *, command: Command | None = None, **settings: Any) -> None:
        # An abbreviation would break scripts as soon as another option began like it.
        super().__init__(formatter_class=_formatter, allow_abbrev=False, **settings)
        self.command = command
        self.commands: dict[str, Parser] = {}

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        # argparse sends those who typed a word too many to the help of `memtiles` itself.
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            self.commands[options.name].error(f"unrecognized arguments: {' '.join(rest)}")
        return options

    def format_help(self) -> str:
        from memtiles.cli.manual.text import page_text, terminal_width

        return page_text(self.page(), terminal_width())

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        # argparse's own keeps to itself that the disk is full.
        (file or sys.stdout).write(self.format_help())

    def page(self) -> Page:
        """The page of the manual about what this parses."""
        from memtiles.cli.manual import overview, page

        if self.command is None:
            return overview.make_page(self, commands())
        return page.command_page(self.command, self)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        # Here and not at the end of Python, so that a full disk below `--help` is told as others.
        sys.stdout.flush()
        super().exit(status, message)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """What argparse looks at each argument with; one without a width asks shutil for it.

    That imports all packers of Python: 3 ms of the 40 that a start takes.
    """
    return argparse.HelpFormatter(prog, width=80)


class _Version(argparse.Action):
    """Prints the versions that a report of a bug needs; asks for them only now."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, 0, default=argparse.SUPPRESS, help=help)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        import platform

        from memtiles.tiles.libvips import describe_libvips

        libvips = printable(describe_libvips())
        print(f"memtiles {__version__} ({libvips}, Python {platform.python_version()})")
        parser.exit()


def make_parser() -> Parser:
    """The parser of `memtiles`; a parsed command line has the command's function as `run`."""
    parser = Parser(prog="memtiles")
    parser.add_argument(
        "--version", action=_Version, help="show the versions of memtiles and of libvips and exit"
    )
    choices = parser.add_subparsers(
        prog=parser.prog, required=True, metavar="COMMAND", parser_class=Parser
    )
    for command in commands():
        one = choices.add_parser(
            command.name,
            prog=f"{parser.prog} {command.name}",
            help=command.summary,
            command=command,
        )
        one.set_defaults(run=command.run, name=command.name)
        command.add_arguments(one)
        parser.commands[command.name] = one
    return parser

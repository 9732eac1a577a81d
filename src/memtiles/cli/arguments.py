"""Arguments that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from memtiles.errors import UsageError

Value = TypeVar("Value")


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on is needed")
    return int(text)


def parsed(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """A parser of ours as argparse wants it, so that its message names the argument."""

    def read(text: str) -> Value:
        try:
            return parse(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def add_input(parser: argparse.ArgumentParser, metavar: str) -> None:
    """What is read, and what the user knows about it: `input`, `format`, `base`, `space`."""
    from memtiles.memory.address import parse_address

    parser.add_argument(
        "input",
        metavar=metavar,
        help="a file (.gz and .xz are unpacked), pid:NUMBER for a running process, or - for stdin",
    )
    parser.add_argument(
        "--format", metavar="NAME", default="auto", help="instead of going by the file's content"
    )
    parser.add_argument(
        "--base",
        metavar="ADDRESS",
        type=parsed(parse_address),
        help="address of the first byte of a raw file; without it, 0",
    )
    parser.add_argument(
        "--space",
        choices=("virtual", "physical"),
        help="which addresses are meant; without it, the dump's own first ones",
    )


def add_selection(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Which addresses of the dump are meant: `range` or `region`."""
    from memtiles.memory.address import parse_range

    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--range",
        metavar="R",
        type=parsed(parse_range),
        help="START END as in WinDbg (END is in the range), START Lsize, 0xSTART..0xEND (END is "
        "not in the range) or 0xSTART+0xSIZE; in quotes",
    )
    group.add_argument(
        "--region", metavar="NAME", help="a region that `info` lists, or any address in it"
    )
    return group

"""Arguments that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

from memtiles.errors import AddressError, UsageError
from memtiles.limits import OUTPUT_LIMIT

if TYPE_CHECKING:
    from memtiles.memory.span import Span

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


def _address(text: str) -> int:
    from memtiles.memory.address import parse_address

    return parse_address(text)


def _cr3(text: str) -> int | Literal["auto"]:
    return "auto" if text == "auto" else _address(text)


def _range(text: str) -> Span:
    from memtiles.memory.address import parse_range

    try:
        return parse_range(text)
    except AddressError as error:
        raise AddressError(f"{error}; in quotes, all of it") from None


def add_input(parser: argparse.ArgumentParser, metavar: str, what: str = "a file") -> None:
    """What is read: `input`."""
    parser.add_argument(
        "input", metavar=metavar, help=f"{what}, pid:NUMBER for a running process, or - for stdin"
    )


def add_knowledge(parser: argparse.ArgumentParser) -> None:
    """What the user knows about what is read: `format`, `base`, `cr3`, `space`."""
    parser.add_argument(
        "--format", metavar="NAME", default="auto", help="instead of going by the file's content"
    )
    parser.add_argument(
        "--base",
        metavar="ADDRESS",
        type=parsed(_address),
        help="address of the first byte of a raw file; without it, 0",
    )
    parser.add_argument(
        "--cr3",
        metavar="ADDRESS",
        type=parsed(_cr3),
        help="physical address of the top page table, where a machine's dump does not tell it; "
        "auto searches for that of Linux",
    )
    parser.add_argument(
        "--space",
        choices=("virtual", "physical"),
        help="which addresses are meant; without it, the dump's own first ones",
    )


def add_selection(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Which addresses of the dump are meant: `range` or `region`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--range",
        metavar="R",
        type=parsed(_range),
        help="START END as in WinDbg (END is in the range), START Lsize, START L?size, START "
        "L-size, 0xSTART..0xEND (END is not in the range) or 0xSTART+0xSIZE; in quotes",
    )
    group.add_argument(
        "--region", metavar="NAME", help="a region that `info` lists, or any address in it"
    )
    return group


def add_output(parser: argparse.ArgumentParser, metavar: str, help: str) -> None:
    """What is written: `output`."""
    parser.add_argument("output", metavar=metavar, help=help)


def add_permissions(parser: argparse.ArgumentParser) -> None:
    """What an output may cost: `force`, `limit`."""
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument(
        "--limit",
        metavar="SIZE",
        type=parsed(_size),
        default=OUTPUT_LIMIT,
        help="refuse to write more than this, before compression; without it, 64GiB",
    )


def add_look(parser: argparse.ArgumentParser) -> None:
    """How memory is drawn: `bits`, `layout`, `width`, each None where nothing is said."""
    parser.add_argument(
        "--bits",
        type=int,
        choices=(8, 16, 24, 32),
        help="bits of a pixel: 1, 2, 3 or 4 bytes of memory; without it, 32",
    )
    parser.add_argument(
        "--layout",
        choices=("classic", "rows"),
        help="classic: the square that Dump2Picture draws; rows: all bytes, in rows of --width. "
        "Without it, classic, or rows where there is a --width",
    )
    parser.add_argument(
        "--width",
        metavar="N",
        type=positive,
        help="pixels of a row; without it, the power of two next above the square root, from 64 on",
    )


def _size(text: str) -> int:
    from memtiles.memory.address import parse_size

    return parse_size(text)

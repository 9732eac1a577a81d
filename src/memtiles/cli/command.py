"""What a command says about itself. The parser, `--help` and `docs/commands.md` are made of it.

Its texts are Markdown of the plainest sort: paragraphs, `code` in backticks, and paragraphs that
are indented by four blanks and kept as they are.

Named tuples and no dataclasses: these are part of every start, and dataclasses import `inspect`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple


class Example(NamedTuple):
    """One line that can be typed, and what it is for."""

    line: str
    purpose: str


class Command(NamedTuple):
    """One command of `memtiles`.

    Attributes:
        name: The word after `memtiles`.
        summary: One line for the list of commands, without a full stop.
        description: Paragraphs, with an empty line between them.
        examples: At least one; the tests run them.
        add_arguments: Declares the arguments.
        run: Does it, with the parsed arguments.
        see_also: Names of commands that are used together with it.
    """

    name: str
    summary: str
    description: str
    examples: tuple[Example, ...]
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]
    see_also: tuple[str, ...] = ()

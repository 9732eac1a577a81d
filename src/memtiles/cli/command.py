"""What a command says about itself. The parser, `--help` and `docs/commands.md` are made of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """One line that can be typed, and what it is for."""

    line: str
    purpose: str


@dataclass(frozen=True)
class Command:
    """One command of `memtiles`.

    Attributes:
        name: The word after `memtiles`.
        summary: One line for the list of commands, without a full stop.
        description: Paragraphs, with an empty line between them.
        examples: At least one; the tests run them.
        add_arguments: Declares the arguments.
        run: Does it, with the parsed arguments.
    """

    name: str
    summary: str
    description: str
    examples: tuple[Example, ...]
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]

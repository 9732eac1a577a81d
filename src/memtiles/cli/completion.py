"""Completion of the command line: the shell runs `memtiles` and asks what may come next.

It does so by the protocol of argcomplete: `_ARGCOMPLETE` is set, and the answer goes to descriptor
8, or to the file that `_ARGCOMPLETE_STDOUT_FILENAME` names.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from memtiles.cli import completers
from memtiles.cli.parser import make_parser

_OPTIONS = {
    "--region": completers.region_names,
    "--atlas": completers.atlas_names,
    "--format": completers.format_names,
}


def answer() -> NoReturn:
    """Tells the shell what may come next, and ends; silently if that fails."""
    try:
        from argcomplete import autocomplete
        from argcomplete.completers import SuppressCompleter

        parser = make_parser()
        for one in (parser, *parser.commands.values()):
            for action in one._actions:
                if completer := _completer_of(action):
                    action.completer = completer  # type: ignore[attr-defined]
        autocomplete(
            parser,
            # Options come when a dash is typed: before, they would hide the files.
            always_complete_options=False,
            default_completer=SuppressCompleter(),
        )
    finally:
        os._exit(1)


def _completer_of(action: argparse.Action) -> Callable[..., list[str]] | None:
    """None for choices, which need no words, and for values of which nobody can know more."""
    for option in action.option_strings:
        if option in _OPTIONS:
            return _OPTIONS[option]
    if action.choices is not None:
        return None
    is_file = action.type is Path or not action.option_strings
    return completers.file_names if is_file else None

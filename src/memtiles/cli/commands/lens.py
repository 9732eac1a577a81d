"""`memtiles lens`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from memtiles.cli import terminal
from memtiles.cli.command import Command, Example


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "lens",
        metavar="FILE_OR_NAME",
        nargs="?",
        help="a lens to tell about, or a Python file of one's own lens to try, which runs it; "
        "without it, all lenses are listed",
    )


def _run(options: argparse.Namespace) -> None:
    from memtiles.pictures.lenses import lens, lens_names
    from memtiles.pictures.own_lens import own_lens

    if options.lens is None:
        terminal.print_lenses([lens(name) for name in lens_names()])
    elif _is_file(options.lens):
        from memtiles.pictures.trial import try_lens

        own = own_lens(Path(options.lens))
        try_lens(own)
        terminal.print_lens(own)
        print(f"\nIt holds on sample memory; pictures.lenses can name it: {options.lens}")
    else:
        terminal.print_lens(lens(options.lens))


def _is_file(text: str) -> bool:
    """Names have neither dots nor slashes."""
    return text.endswith(".py") or os.path.basename(text) != text  # noqa: PTH119


COMMAND = Command(
    name="lens",
    summary="list the lenses, which are what colours mean, or try one's own",
    description=(
        "Without an argument, lists all lenses that are built in: name, zoom rule, and what they "
        "show. With a name, prints what its colours stand for. A number may stand behind some "
        "names, as in `entropy:1024`.\n\n"
        "With a Python file that defines `LENS`, runs it and tries the lens on sample memory: "
        "zeros, text, random bytes, pointers, and memory with bytes missing. What a build would "
        "refuse is an error here: an exception, a result of the wrong shape or type, a value that "
        "stands for nothing, a call that takes longer than a second or does not come back."
    ),
    examples=(
        Example("memtiles lens", "which lenses are there?"),
        Example("memtiles lens entropy:1024", "what do its colours mean?"),
        Example("memtiles lens my_lens.py", "does my own lens hold?"),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("build",),
)

"""`memtiles init`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.cli import terminal
from memtiles.cli.arguments import add_input, add_knowledge
from memtiles.cli.command import Command, Example
from memtiles.cli.inputs import PROCESS, STANDARD_STREAM, open_input
from memtiles.cli.selection import files_read
from memtiles.errors import UsageError

if TYPE_CHECKING:
    from memtiles.init import Source
    from memtiles.memory.dump import Dump

# Where a config from standard output is most likely to be kept, and what messages call it.
_UNNAMED = Path("config.yaml")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input(parser, "DUMP")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        default=Path(STANDARD_STREAM),
        help="where the config goes; without it, or for -, to stdout",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_knowledge(parser)


def _run(options: argparse.Namespace) -> None:
    from memtiles.config import SCHEMA_FILE
    from memtiles.exports.target import new_output
    from memtiles.init import make_config

    if options.input == STANDARD_STREAM:
        raise UsageError("a config names its dump: give the path of a file instead of -")
    target = str(options.output)
    file = _UNNAMED if target == STANDARD_STREAM else options.output
    with open_input(options) as dump:
        text = make_config(
            dump,
            _source(options, dump, file),
            file,
            _new_folder(dump, file),
            SCHEMA_FILE.as_uri(),
        ).encode()
    if target == STANDARD_STREAM:
        sys.stdout.buffer.write(text)  # UTF-8 wherever it is redirected to
        return
    with new_output(target, files_read(options), force=options.force) as output:
        output.write(text)
    print(f"{terminal.printable(target)}: `memtiles build` draws it as it is")


def _source(options: argparse.Namespace, dump: Dump, file: Path) -> Source:
    from memtiles.init import Source
    from memtiles.memory.space import SpaceKind

    space = None if options.space is None else SpaceKind(options.space)
    process = PROCESS.fullmatch(options.input)
    if process:
        return Source(pid=int(process[1]), space=space)
    is_known = options.format == "auto" and dump.format != "raw"
    return Source(
        path=_path_text(Path(options.input), file),
        format=None if is_known else dump.format,
        base=options.base,
        cr3=options.cr3,
        space=space,
    )


def _path_text(dump: Path, file: Path) -> str:
    """The dump's path as the config says it: from its own folder where the dump lies in there.

    Raises:
        UsageError: No config can say it.
    """
    from memtiles.config.scalars import text_of
    from memtiles.memory.address import show

    path = dump.parent.resolve() / dump.name
    folder = file.parent.resolve()
    if path.is_relative_to(folder):
        path = path.relative_to(folder)
    try:
        return text_of(path.as_posix())
    except ValueError:
        raise UsageError(
            f"{show(str(path))}: no config can hold such a name: rename the file, or its folder"
        ) from None


def _new_folder(dump: Dump, file: Path) -> str:
    """An output folder beside the config that is not there yet."""
    stem = re.sub("[^A-Za-z0-9._-]+", "-", Path(dump.name).stem).strip(".-")[:40] or "memory"
    return next(
        f"{name}/"
        for name in _numbered(f"{stem}-site")
        if name != file.name and not os.path.lexists(file.parent / name)
    )


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


COMMAND = Command(
    name="init",
    summary="write a commented config made from what a dump holds",
    description=(
        "Looks at the tables of a dump and writes a config about it that `build` takes as it is. "
        "Its comments say what the dump holds, and have examples with the names and addresses of "
        "this dump: regions to leave out, ranges, other layouts, an atlas to print. Its first line "
        "tells editors where the JSON Schema is, so that they complete and check what is written."
        "\n\n"
        "The config names the dump by its path from the config's folder if it lies in there, and "
        "by its whole path otherwise. A config on standard output is meant for the current folder."
    ),
    examples=(
        Example("memtiles init app.core -o config.yaml", "a config for this dump"),
        Example("memtiles init app.core > map.yaml && memtiles build map.yaml", "and its map"),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("info", "build", "schema"),
)

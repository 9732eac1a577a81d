"""`memtiles check`."""

from __future__ import annotations

import argparse
from pathlib import Path

from memtiles.cli import terminal
from memtiles.cli.command import Command, Example
from memtiles.errors import DamageError
from memtiles.printable import counted


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="SITE", type=Path, help="an output folder of `build`")
    parser.add_argument("--quiet", action="store_true", help="print only damage")


def _run(options: argparse.Namespace) -> None:
    from memtiles.site.check import check_site

    with terminal.Bars(quiet=options.quiet).stage("check", 0) as advance:
        manifest, damage = check_site(options.folder, advance)
    if damage:
        mend = f"{len(damage)} damaged; `memtiles build CONFIG --rehash` mends them"
        raise DamageError("\n".join([*damage, mend]))
    if not options.quiet:
        print(
            f"{options.folder}: sound: {counted(len(manifest.pictures), 'picture')}, "
            f"{counted(len(manifest.atlases), 'atlas', 'atlases')}, "
            f"{counted(len(manifest.strips), 'strip')}, "
            "every byte and tile as the manifest says"
        )


COMMAND = Command(
    name="check",
    summary="find damage in an output folder",
    description=(
        "Reads every byte and every tile of a site back and compares them with what its manifest "
        "says. Prints a line for each damaged file, and then ends with exit code 7. "
        "`memtiles build CONFIG --rehash` mends the damage."
    ),
    examples=(Example("memtiles check site", "is it still what was built?"),),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("build",),
)

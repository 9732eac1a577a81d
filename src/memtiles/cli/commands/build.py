"""`memtiles build`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.cli import terminal
from memtiles.cli.arguments import positive
from memtiles.cli.command import Command, Example
from memtiles.cli.process import keep_freed_memory
from memtiles.errors import LensError
from memtiles.printable import counted

if TYPE_CHECKING:
    from memtiles.manifest import Manifest


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", metavar="CONFIG", type=Path, help="a YAML file, see config.md")
    parser.add_argument("--output", metavar="DIR", type=Path, help="instead of the config's output")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=positive,
        default=os.cpu_count() or 1,
        help="threads or processes; without it, one for each processor",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan, write nothing")
    parser.add_argument(
        "--force",
        action="store_true",
        help="build in a folder that holds other files; they are left alone, but the folder "
        "gets the permissions of --mode",
    )
    parser.add_argument(
        "--rehash",
        action="store_true",
        help="read and draw everything anew; mends a damaged output folder",
    )
    parser.add_argument(
        "--mode",
        metavar="OCTAL",
        type=_mode,
        default=0o700,
        help="permissions of the output folder; without it, 0700",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="print where time, bytes and memory went, stage by stage",
    )
    parser.add_argument("--quiet", action="store_true", help="print only errors")


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        raise argparse.ArgumentTypeError("octal permissions such as 0755 are needed") from None
    if mode & 0o700 != 0o700 or mode > 0o777:
        raise argparse.ArgumentTypeError("the owner needs 7, and nothing beyond 0777 is allowed")
    return mode


def _run(options: argparse.Namespace) -> None:
    from memtiles.cli.build_bar import BuildBar
    from memtiles.cli.profile import Profile
    from memtiles.config import load_config
    from memtiles.pipeline import build, open_input, open_maps
    from memtiles.plan import make_plan

    config = load_config(options.config)
    if options.output is not None:
        config = config.model_copy(update={"output": Path.cwd() / options.output})
    if options.dry_run:
        with open_input(config) as dump:
            plan = make_plan(config, dump, open_maps(config))
        terminal.print_notes([*plan.report, *plan.lens_failures])
        terminal.print_plan(plan)
        plan.check(config.limits.output)
        return
    keep_freed_memory()
    with BuildBar(quiet=options.quiet) as bar:
        profile = Profile(bar)
        built = build(
            config,
            jobs=options.jobs,
            mode=options.mode,
            force=options.force,
            rehash=options.rehash,
            watcher=profile,
        )
    if not options.quiet:
        terminal.print_notes(built.plan.report)
        _print_built(config.output, built.manifest, options.mode)
    if options.profile:
        print(*profile.lines(config.output), sep="\n")
    if built.failures:
        first, *others = (f"{line}; the map was built without it" for line in built.failures)
        for other in others:
            terminal.complain(other)
        raise LensError(first)


def _print_built(output: Path, manifest: Manifest, mode: int) -> None:
    pyramids = [row.pyramid for row in manifest.pictures if row.pyramid]
    pyramids += [one.pyramid for row in manifest.atlases for one in row.lenses]
    print(
        f"{counted(len(manifest.regions), 'region')}, "
        f"{counted(len(manifest.pictures), 'picture')}, "
        f"{counted(len(pyramids), 'pyramid')}, "
        f"{counted(sum(row.tiles for row in pyramids), 'tile')}"
    )
    folder = terminal.printable(str(output))
    for strip in manifest.strips:
        print(f"strip {terminal.printable(str(output / strip.path / strip.file))}")
    print(f"{folder} holds memory, secrets and all: its permissions are {mode:04o}")
    print(f"open {folder}{os.sep}index.html")


COMMAND = Command(
    name="build",
    summary="draw a dump as a map that a browser opens",
    description=(
        "Reads the dump that a config names, cuts it into regions, draws each byte as a pixel, "
        "stitches the regions into atlases, and writes a folder that a browser opens without a "
        "server: its index.html.\n\n"
        "Built again, it redoes only what changed. A build that was interrupted leaves the "
        "folder as it was before."
    ),
    examples=(
        Example("memtiles build config.yaml", "draw the map"),
        Example("memtiles build config.yaml --dry-run", "what would be drawn, and how large?"),
    ),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("info", "check", "serve", "schema"),
)

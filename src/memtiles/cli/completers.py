"""What may stand at a place of the command line: names of regions, atlases, formats and files.

Names come out of dumps and sites, which are hostile, and what is offered here ends up in a line
that a shell reads. A name that is not printed whole, or with which a shell could do something else
than take it for a word, is never offered. A region of such a name is offered by its address.
"""

from __future__ import annotations

import argparse
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.cli.inputs import STANDARD_STREAM, open_input

if TYPE_CHECKING:
    from memtiles.manifest import Manifest

# Letters and digits of any script; brackets and blanks are escaped or quoted for each shell. Not at
# the start: `-` is an option, `=` and `@` mean something to zsh and PowerShell.
_HARMLESS = re.compile(r"[\w./\[][\w./\[\]@+:= -]{0,199}")


def region_names(*, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    """Names for `--region`, out of the dump or the site on the line; none where that fails."""
    return _offered(parsed_args, _regions)


def atlas_names(*, parsed_args: argparse.Namespace, **_: object) -> list[str]:
    """Names for `--atlas`, out of the site on the line; none where that fails."""
    return _offered(parsed_args, _atlases)


def format_names(**_: object) -> list[str]:
    """Names for `--format`."""
    from memtiles.memory.formats import formats

    return ["auto", *formats()]


def file_names(*, prefix: str, **_: object) -> list[str]:
    """Files and folders; hidden ones where the user begins with a dot."""
    folder, begun = os.path.split(prefix)
    found = []
    with suppress(OSError), os.scandir(Path(folder or ".").expanduser()) as entries:
        for entry in entries:
            hidden = entry.name.startswith(".") and not begun.startswith(".")
            if entry.name.startswith(begun) and not hidden and entry.name.isprintable():
                end = "/" if entry.is_dir() else ""
                found.append(os.path.join(folder, entry.name) + end)  # noqa: PTH118 - keeps the ~
    return sorted(found)


def _offered(
    options: argparse.Namespace, names: Callable[[argparse.Namespace], Iterable[str]]
) -> list[str]:
    """What `names` gives, without a word about what goes wrong."""
    nowhere = io.StringIO()
    with suppress(Exception), redirect_stdout(nowhere), redirect_stderr(nowhere):
        return list(names(options))
    return []


def _regions(options: argparse.Namespace) -> Iterator[str]:
    regions = list(_named_starts(options))
    count = Counter(name for name, _ in regions)
    for name, start in regions:
        yield name if count[name] == 1 and _HARMLESS.fullmatch(name) else hex(start)


def _named_starts(options: argparse.Namespace) -> Iterator[tuple[str, int]]:
    from memtiles.memory.files.unpack import packing_of

    path = Path(options.input)
    # The shell waits: a pipe would be read to its end, and an archive be unpacked at each key.
    if options.input == STANDARD_STREAM or packing_of(path):
        return
    if path.is_dir():
        yield from ((row.name, row.start) for row in _manifest(path).regions)
        return
    from memtiles.maps.region import regions_of_dump

    with open_input(options) as dump:
        yield from ((row.name, row.span.start) for row in regions_of_dump(dump).rows)


def _atlases(options: argparse.Namespace) -> Iterator[str]:
    for row in _manifest(Path(options.input)).atlases:
        if _HARMLESS.fullmatch(row.name):
            yield row.name


def _manifest(site: Path) -> Manifest:
    from memtiles.manifest import FILE, read_manifest

    return read_manifest((site / FILE).read_bytes())

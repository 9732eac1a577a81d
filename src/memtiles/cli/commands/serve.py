"""`memtiles serve`."""

from __future__ import annotations

import argparse
from pathlib import Path

from memtiles.cli.command import Command, Example


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="SITE", type=Path, help="an output folder of `build`")
    parser.add_argument("--port", metavar="N", type=int, default=8765, help="0 takes any free one")
    parser.add_argument("--open", action="store_true", help="open it in the browser")


def _run(options: argparse.Namespace) -> None:
    from memtiles.site.serve import serve_site

    def announce(address: str) -> None:
        print(f"{address}  (Ctrl-C ends it; all users of this machine can read it)", flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(address)

    serve_site(options.folder, options.port, announce)


COMMAND = Command(
    name="serve",
    summary="show an output folder over http, to this machine",
    description=(
        "Shows a site over http, on the loopback address only. A site works without it, too: open "
        "its index.html. Over http the page reads the word under the pointer, to go where it "
        "points; a page that was opened as a file has to be shown the folder for that."
    ),
    examples=(Example("memtiles serve site --open", "open the map in the browser"),),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("build",),
)

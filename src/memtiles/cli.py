"""Arguments, progress, printing, exit codes: nothing else prints or exits.

Heavy imports stay inside the commands, so that `memtiles --help` answers at once.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from memtiles import __version__, terminal
from memtiles.errors import (
    DamageError,
    DiskFullError,
    MemtilesError,
    UnknownFormatError,
    UsageError,
)

if TYPE_CHECKING:
    from memtiles.manifest import Manifest
    from memtiles.memory.dump import Dump

INTERRUPTED = 130

EPILOG = """\
exit codes:
  0 ok    1 a bug or a failed part    2 usage or config    3 dump unreadable, malformed, changed
  4 a limit refused    5 output folder locked    6 disk full    7 damage found    130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The command `memtiles`. SIGTERM ends it as Ctrl-C does: no staged memory is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    try:
        options = _parser().parse_args(arguments)
        options.command(options)
        sys.stdout.flush()
        return 0
    except MemtilesError as error:
        terminal.complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        terminal.complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()  # its reader went away (`| head`), which is no error
        return 0
    except OSError as error:
        _drop_stdout()
        terminal.complain(f"{error.filename or 'output'}: {error.strerror}")
        return (DiskFullError if error.errno == errno.ENOSPC else MemtilesError).exit_code
    except Exception as error:
        if os.environ.get("MEMTILES_DEBUG"):
            raise
        terminal.complain(
            f"a bug: {type(error).__name__}: {' '.join(str(error).split())} "
            "(MEMTILES_DEBUG=1 shows where; please report it)"
        )
        return MemtilesError.exit_code


def _drop_stdout() -> None:
    """Sends what is still buffered nowhere: Python would complain about it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="memtiles",
        description="Google Maps for memory dumps.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"memtiles {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    build = commands.add_parser("build", help="draw a dump as a map that a browser opens")
    build.set_defaults(command=_build)
    build.add_argument(
        "config", metavar="CONFIG", type=Path, help="a YAML file, see docs/config.md"
    )
    build.add_argument("--output", metavar="DIR", type=Path, help="instead of the config's output")
    build.add_argument(
        "--jobs",
        metavar="N",
        type=_positive,
        default=os.cpu_count() or 1,
        help="threads (default: one per processor)",
    )
    build.add_argument("--dry-run", action="store_true", help="print the plan, write nothing")
    build.add_argument(
        "--force",
        action="store_true",
        help="build in a folder that holds other files; they are left alone, but the folder "
        "gets the permissions of --mode",
    )
    build.add_argument(
        "--rehash",
        action="store_true",
        help="read and draw everything anew; mends a damaged output folder",
    )
    build.add_argument(
        "--mode",
        metavar="OCTAL",
        type=_mode,
        default=0o700,
        help="permissions of the output folder (default: 0700)",
    )
    build.add_argument("--quiet", action="store_true", help="print only errors")

    info = commands.add_parser("info", help="what a dump holds: spaces, modules, regions")
    info.set_defaults(command=_info)
    info.add_argument("dump", metavar="DUMP", type=Path)
    info.add_argument("--format", default="auto", help="instead of going by the file's content")
    info.add_argument("--json", action="store_true", help="for programs")

    check = commands.add_parser("check", help="find damage in an output folder (exit code 7)")
    check.set_defaults(command=_check)
    check.add_argument("folder", metavar="OUTDIR", type=Path)
    check.add_argument("--quiet", action="store_true", help="print only damage")

    serve = commands.add_parser("serve", help="show an output folder over http, to this machine")
    serve.set_defaults(command=_serve)
    serve.add_argument("folder", metavar="OUTDIR", type=Path)
    serve.add_argument("--port", metavar="N", type=int, default=8765, help="default: 8765; 0: any")
    serve.add_argument("--open", action="store_true", help="open it in the browser")

    schema = commands.add_parser("schema", help="print the config's JSON Schema, for editors")
    schema.set_defaults(command=_schema)
    return parser


class _Parser(argparse.ArgumentParser):
    """Says one line where argparse prints its usage first."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on is needed")
    return int(text)


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        raise argparse.ArgumentTypeError("octal permissions such as 0755 are needed") from None
    if mode & 0o700 != 0o700 or mode > 0o777:
        raise argparse.ArgumentTypeError("the owner needs 7, and nothing beyond 0777 is allowed")
    return mode


def _build(options: argparse.Namespace) -> None:
    from memtiles.build import build, open_input, open_maps
    from memtiles.config import load_config
    from memtiles.plan import make_plan

    config = load_config(options.config)
    if options.output is not None:
        config = config.model_copy(update={"output": Path.cwd() / options.output})
    if options.dry_run:
        with open_input(config) as dump:
            plan = make_plan(config, dump, open_maps(config))
        terminal.print_notes(plan.report)
        terminal.print_plan(plan)
        plan.check(config.limits.output)
        return
    manifest, plan = build(
        config,
        jobs=options.jobs,
        mode=options.mode,
        force=options.force,
        rehash=options.rehash,
        progress=terminal.Bars(quiet=options.quiet),
    )
    if not options.quiet:
        terminal.print_notes(plan.report)
        _print_built(config.output, manifest, options.mode)


def _print_built(output: Path, manifest: Manifest, mode: int) -> None:
    pyramids = [row.pyramid for row in manifest.pictures if row.pyramid]
    pyramids += [row.pyramid for row in manifest.atlases]
    print(
        f"{len(manifest.regions)} regions, {len(manifest.pictures)} pictures, "
        f"{len(pyramids)} pyramids, {sum(row.tiles for row in pyramids):,} tiles"
    )
    folder = terminal.printable(str(output))
    print(f"{folder} holds memory, secrets and all: its permissions are {mode:04o}")
    print(f"open {folder}{os.sep}index.html")


def _info(options: argparse.Namespace) -> None:
    from memtiles.info import describe_dump

    with _open_any(options.dump, options.format) as dump:
        info = describe_dump(dump)
    if options.json:
        import json

        print(json.dumps(info.to_json(), indent=1))
        return
    terminal.print_info(info)
    terminal.print_notes(info.report)


def _open_any(path: Path, format: str) -> Dump:
    """A dump of any format; what none recognises is raw, and that is said."""
    from memtiles.memory.formats import open_dump

    try:
        return open_dump(path, format)
    except UnknownFormatError as error:
        terminal.complain(f"{error}; shown as raw")
        return open_dump(path, "raw")


def _check(options: argparse.Namespace) -> None:
    from memtiles.site.check import check_site

    with terminal.Bars(quiet=options.quiet).stage("check", 0) as advance:
        manifest, damage = check_site(options.folder, advance)
    if damage:
        mend = f"{len(damage)} damaged; `memtiles build CONFIG --rehash` mends them"
        raise DamageError("\n".join([*damage, mend]))
    if not options.quiet:
        print(
            f"{options.folder}: sound: {len(manifest.pictures)} pictures, "
            f"{len(manifest.atlases)} atlases, every byte and tile as the manifest says"
        )


def _serve(options: argparse.Namespace) -> None:
    from memtiles.site.serve import serve_site

    def announce(address: str) -> None:
        print(f"{address}  (Ctrl-C ends it; all users of this machine can read it)", flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(address)

    serve_site(options.folder, options.port, announce)


def _schema(_: argparse.Namespace) -> None:
    import json

    from memtiles.config import config_schema

    print(json.dumps(config_schema(), indent=2))

"""One command line from its arguments to its exit code.

Heavy imports stay inside the commands, so that `memtiles --help` answers at once.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from memtiles.cli import terminal
from memtiles.cli.parser import make_parser
from memtiles.cli.process import end_quickly, start_quickly
from memtiles.errors import DiskFullError, MemtilesError

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The command `memtiles`.

    SIGTERM, and a terminal that goes away, end it as Ctrl-C does: no staged memory is left behind.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup says
            signal.signal(number, signal.default_int_handler)
    start_quickly()
    _fill_closed_streams()
    # A console that knows no × or ▀ gets a question mark; it is no reason to fail.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if "_ARGCOMPLETE" in os.environ:
        from memtiles.cli.completion import answer

        answer()
    code = run(arguments)
    end_quickly()
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    try:
        options = make_parser().parse_args(arguments)
        options.run(options)
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


def _fill_closed_streams() -> None:
    """Makes closed streams lead nowhere: the next files opened would get their descriptors.

    In this order, because each takes the lowest descriptor that is free.
    """
    sys.stdin = sys.stdin or Path(os.devnull).open()  # noqa: SIM115 - open to the end
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115


def _drop_stdout() -> None:
    """Sends what is still buffered nowhere: Python would complain about it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

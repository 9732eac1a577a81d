"""Every example in the help is a line that works."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from memtiles.cli.command import Example
from memtiles.cli.commands import commands
from memtiles.cli.manual.overview import EXAMPLES
from memtiles.cli.parser import make_parser

ALL = [("memtiles", example) for example in EXAMPLES]
ALL += [(command.name, example) for command in commands() for example in command.examples]
EACH = pytest.mark.parametrize(
    ("name", "example"), ALL, ids=[f"{name}: {example.line}" for name, example in ALL]
)


def lines_of_memtiles(line: str) -> list[list[str]]:
    """The arguments of each `memtiles` in a shell's line, without pipes and redirects."""
    words = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    words.whitespace_split = True
    found: list[list[str]] = [[]]
    skip = False
    for word in words:
        if skip:
            skip = False
        elif set(word) <= set("|&;"):
            found.append([])
        elif set(word) <= set("<>"):
            skip = True
        else:
            found[-1].append(word)
    return [words[1:] for words in found if words[0] == "memtiles"]


def test_the_reading_of_a_line() -> None:
    assert lines_of_memtiles("xz -dc a.xz | memtiles info - > 'out file' && memtiles check b") == [
        ["info", "-"],
        ["check", "b"],
    ]


@EACH
def test_it_parses(name: str, example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of_memtiles(example.line)
    assert lines, "no memtiles in it"
    for arguments in lines:
        if "--help" in arguments:
            with pytest.raises(SystemExit):
                make_parser().parse_args(arguments)
            assert capsys.readouterr().out.startswith("NAME\n")
        else:
            make_parser().parse_args(arguments)
    assert name == "memtiles" or name in {arguments[0] for arguments in lines}


@EACH
def test_it_runs(name: str, example: Example, example_folder: Path) -> None:
    words = shlex.split(example.line)
    if name == "serve" or "--open" in words:
        pytest.skip("not run: it would open a browser, or serve until Ctrl-C")
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("not run: bash is not installed")
    if "init" in words:
        (example_folder / "config.yaml").unlink()  # it is what `init` writes
    if name == "slice":  # its strip has 18,400 rows, and so has the square of a file of this size
        os.truncate(example_folder / "pagefile.sys", 18_400 * 18_400 * 4)
    # The shell's own reading of quotes, pipes and redirects, with the memtiles that is tested.
    program = f'memtiles() {{ "$PYTHON" -m memtiles "$@"; }}\n{example.line}'
    done = subprocess.run(
        [shell, "-eu", "-o", "pipefail", "-c", program],
        cwd=example_folder,
        env={**os.environ, "PYTHON": sys.executable, "HOME": str(example_folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"memtiles: " not in done.stderr
    for target in targets(words):
        assert (example_folder / target).stat().st_size > 0


def targets(words: list[str]) -> list[str]:
    """What the line redirects to."""
    return [after.replace("~/", "") for mark, after in pairwise(words) if mark in (">", ">>")]

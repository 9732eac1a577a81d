"""`--help` and `--version`: what each command says about itself, and how it looks."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

import memtiles.errors
from memtiles import __version__
from memtiles.cli import run
from memtiles.cli.command import Command, Example
from memtiles.cli.commands import commands
from memtiles.cli.manual.page import command_page
from memtiles.cli.manual.text import page_text
from memtiles.cli.parser import Parser, make_parser

COMMANDS = commands()
BY_NAME = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


def help_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        run([*arguments, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


@BY_NAME
def test_every_command_says_enough(command: Command) -> None:
    assert re.fullmatch(r"[^A-Z\n].*[^.\n]", command.summary)
    assert command.description.rstrip().endswith((".", ":")) or "\n    " in command.description
    assert command.examples
    assert all(example.line and example.purpose for example in command.examples)
    assert set(command.see_also) <= {one.name for one in COMMANDS} - {command.name}
    for action in make_parser().commands[command.name]._actions:
        assert action.help, f"{action.option_strings or action.dest} has no help"


@BY_NAME
@pytest.mark.parametrize("width", [80, 100])
def test_a_page_fits_the_terminal(
    command: Command,
    width: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert [
        line for line in help_of([command.name], capsys).splitlines() if len(line) > width
    ] == []


@pytest.mark.parametrize(("columns", "most"), [("80", 80), ("300", 100), ("60", 60), ("no", 80)])
def test_prose_is_as_wide_as_the_terminal_but_stays_readable(
    columns: str,
    most: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    longest = max(len(line) for line in help_of([], capsys).splitlines())
    assert most - 10 <= longest <= most


def test_the_overview_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    page = " ".join(help_of([], capsys).split())
    for command in COMMANDS:
        assert f" {command.name} {command.summary} " in page
    assert re.findall(r"\n([A-Z ]+)\n", "\n" + help_of([], capsys)) == [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "COMMANDS",
        "OPTIONS",
        "INPUT",
        "PIPES",
        "EXIT CODES",
        "ENVIRONMENT",
        "EXAMPLES",
    ]


def test_every_exit_code_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    rows = help_of([], capsys).split("EXIT CODES\n")[1].split("\n\n")[0]
    told = {int(code) for code in re.findall(r"^ +([0-9]+) +\S", rows, re.MULTILINE)}
    kinds = vars(memtiles.errors).values()
    errors = {kind.exit_code for kind in kinds if isinstance(kind, type)}
    assert told == errors | {0, 130}
    brief = " ".join(help_of(["check"], capsys).split("EXIT CODES\n")[1].split())
    assert {int(code) for code in re.findall(r"(?:^|; )([0-9]+) ", brief)} == told


EXPECTED_PAGE = """\
NAME
    memtiles brew - make a pot of coffee

SYNOPSIS
    memtiles brew BEANS [POT] (--strong | --weak CUPS)
                  [--roast light|dark] [--level N]
                  [--water PLACE] [--milk]

DESCRIPTION
    Makes coffee, and says `well done` when it is ready. It takes
    a while.

        a line that stays    as it is

    Tea is another command.

ARGUMENTS
    BEANS  what is ground
    POT    where it goes: small, large

OPTIONS
    --strong            wakes the dead
    -w, --weak CUPS     of water more
    --roast light|dark  how the beans were roasted (default:
                        dark)
    --level N           of the floor; without it, the lowest
    --water PLACE       where it comes from: a spring is better
                        than a tap (default: tap)
    --milk              for those who need it

EXAMPLES
    memtiles brew arabica --strong
        on a Monday
    memtiles brew 'in the red bag' --weak 12 --roast light \\
        --water 'the spring behind the house'
        when there is time

EXIT CODES
    0 ok; 1 a bug or a failed part; 2 usage or config; 3 dump
    unreadable, malformed or changed; 4 a limit refused; 5 output
    folder locked; 6 disk full; 7 damage found; 130 interrupted

SEE ALSO
    memtiles grind, memtiles roast
"""


def test_a_page_by_hand() -> None:
    """Everything that a page can hold, written down as it should look at 65 columns."""

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("beans", metavar="BEANS", help="what is ground")
        parser.add_argument(
            "pot", metavar="POT", nargs="?", choices=("small", "large"), help="where it goes"
        )
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--strong", action="store_true", help="wakes the dead")
        group.add_argument("-w", "--weak", metavar="CUPS", help="of water more")
        parser.add_argument(
            "--roast", choices=("light", "dark"), default="dark", help="how the beans were roasted"
        )
        parser.add_argument(
            "--level", metavar="N", default=-1, help="of the floor; without it, the lowest"
        )
        parser.add_argument(
            "--water",
            metavar="PLACE",
            default="tap",
            help="where it comes from: a spring is better than a tap",
        )
        parser.add_argument("--milk", action="store_true", help="for those who need it")

    command = Command(
        name="brew",
        summary="make a pot of coffee",
        description="Makes coffee, and says `well done` when it is ready. It takes a while.\n\n"
        "    a line that stays    as it is\n\nTea is another command.",
        examples=(
            Example("memtiles brew arabica --strong", "on a Monday"),
            Example(
                "memtiles brew 'in the red bag' --weak 12 --roast light "
                "--water 'the spring behind the house'",
                "when there is time",
            ),
        ),
        add_arguments=add_arguments,
        run=lambda _: None,
        see_also=("grind", "roast"),
    )
    parser = Parser(prog="memtiles brew", command=command)
    add_arguments(parser)
    assert page_text(command_page(command, parser), 65) == EXPECTED_PAGE


def test_a_mistake_is_one_line_that_leads_to_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", "app.core", "--nonsense"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("memtiles: unrecognized arguments: --nonsense")
    assert run(["info"]) == 2
    assert capsys.readouterr().err.endswith("; see `memtiles info --help`\n")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_reader_that_went_away_is_no_error(option: str) -> None:
    command = [sys.executable, "-m", "memtiles", option]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asked:
        assert asked.stdout is not None
        assert asked.stderr is not None
        asked.stdout.close()
        assert asked.stderr.read() == b""
        assert asked.wait() == 0


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_full_disk_below_the_help(option: str) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("wb") as stdout:
        command = [sys.executable, "-m", "memtiles", option]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 6
    assert done.stderr.count(b"\n") == 1


def test_the_version_is_one_line_with_that_of_libvips() -> None:
    command = [sys.executable, "-m", "memtiles", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.fullmatch(
        r"memtiles (\S+) \(libvips ([0-9]+\.[0-9]+\.[0-9]+), pyvips (\S+), Python (\S+)\)\n",
        done.stdout,
    )
    assert found
    assert found[1] == __version__ == importlib.metadata.version("memtiles")
    # The wheel that brings libvips has its number.
    bundled = importlib.metadata.version("pyvips-binary")
    assert bundled.startswith(found[2])
    assert found[3] == importlib.metadata.version("pyvips")
    assert found[4] == platform.python_version()


def test_the_version_without_libvips() -> None:
    program = (
        "import sys; sys.modules['pyvips'] = None\n"
        "from memtiles.cli import main; main(['--version'])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.fullmatch(
        rf"memtiles {re.escape(__version__)} \(libvips cannot be loaded: .+, Python \S+\)\n",
        done.stdout,
    )
    assert done.stderr == ""


def test_a_start_loads_no_room() -> None:
    """What speed depends on: a command's file imports the others' only when it runs."""
    program = (
        "import sys; from memtiles.cli import run\n"
        "try: run(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    ours = {name for name in loaded if name.split(".")[0] == "memtiles"}
    light = {"memtiles", "memtiles.errors", "memtiles.limits", "memtiles.printable"}
    assert {name for name in ours - light if not name.startswith("memtiles.cli")} == set()
    # Each of them takes as long as a third of all else.
    assert not {"inspect", "shutil", "subprocess", "argcomplete"} & loaded

"""Completion: what is offered where, and that nothing of a dump is run by the shell."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders.elf import Load, elf_core, nt_file
from cli.shells import words_typed
from memtiles.cli import run
from memtiles.cli.commands import commands

PAGE = 4096
BASE = 0x5555_5555_4000
SHELLS = ("bash", "zsh", "fish", "powershell")
# Each of them would do something to a shell or to a terminal, if it got there as it is.
HOSTILE = (
    "$(touch owned)",
    "`touch owned`",
    "a;touch owned",
    "a|b",
    "a&b",
    "a>owned",
    "{a,b}",
    "*",
    "what?",
    "~root",
    "!!",
    "-rf",
    "=ls",
    "@splat",
    "#not a comment",
    "%1",
    "^a^b",
    "it's",
    'say "hi"',
    "C:\\Windows",
    "two\nlines",
    "tab\there",
    "window\x1b]0;owned\x07",
    "vertical\x0btab",
    "\u202egnp.exe",
    "\ufeffmarked",
    " leading",
)
HARMLESS = ("libstdc++.so.6", "made up", "[heap]", "ntdll.dll", "Größe", "vm@2:x=1", "a--b")


def core_of(names: tuple[str, ...]) -> bytes:
    """A core with a mapped file of one page for each name."""
    starts = [BASE + number * 2 * PAGE for number in range(len(names))]
    files = [
        (start, start + PAGE, 0, b"/lib/" + name.encode())
        for start, name in zip(starts, names, strict=True)
    ]
    return elf_core([Load(start, bytes(PAGE), flags=5) for start in starts], nt_file(files))


def offered(line: str, folder: Path, shell: str = "fish") -> list[str]:
    """What the shell gets for the line, as argcomplete's protocol has it; fish quotes by itself."""
    answer = folder.parent / "answer"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": shell,
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "PYTHONUTF8": "1",
    }
    # Its stdin is a pipe into which nobody writes: who reads it waits for ever.
    with subprocess.Popen(
        [sys.executable, "-m", "memtiles"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as asked:
        assert asked.stdout is not None
        assert asked.stderr is not None
        assert (asked.stdout.read(), asked.stderr.read(), asked.wait()) == (b"", b"", 0)
    return answer.read_text(encoding="utf-8").split("\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the user is: with a dump, a folder, and files that are harder to name."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "app.core").write_bytes(core_of(HARMLESS))
    (home / "site").mkdir()
    (home / "second dump.core").write_bytes(b"x")
    (home / ".hidden").write_bytes(b"x")
    return home


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("memtiles ch", ["check"]),
        ("memtiles info --sp", ["--space"]),
        ("memtiles info --space ", ["virtual", "physical"]),
        ("memtiles info --space=ph", ["--space=physical"]),
        ("memtiles completion ", list(SHELLS)),
        ("memtiles picture app.core out.bmp --bits ", ["8", "16", "24", "32"]),
        ("memtiles info --format el", ["elf-core"]),
        ("memtiles info ", ["app.core", "second dump.core", "site/"]),
        ("memtiles info .", [".hidden"]),
        ("memtiles info ../home/s", ["../home/second dump.core", "../home/site/"]),
        ("memtiles check s", ["second dump.core", "site/"]),
        ("memtiles build config.yaml --output s", ["second dump.core", "site/"]),
        ("memtiles build config.yaml --jobs ", [""]),
        ("memtiles info no-such-folder/", [""]),
    ],
)
def test_what_is_offered(line: str, expected: list[str], folder: Path) -> None:
    assert offered(line, folder) == expected


def test_all_commands_and_options(folder: Path) -> None:
    assert offered("memtiles ", folder) == [command.name for command in commands()]
    found = offered("memtiles extract app.core out.bin --", folder)
    assert {"--help", "--range", "--region", "--holes", "--force"} <= set(found)
    # What excludes another is not offered after it.
    found = offered("memtiles extract app.core out.bin --range 0x0+0x10 --", folder)
    assert "--region" not in found


@pytest.mark.parametrize("before", ["app.core", "app.core out.bmp", "--bits 8 ./app.core out.bmp"])
def test_regions_of_a_dump(before: str, folder: Path) -> None:
    assert offered(f"memtiles picture {before} --region ", folder) == list(HARMLESS)
    assert offered(f"memtiles picture {before} --region l", folder) == ["libstdc++.so.6"]
    assert offered(f"memtiles picture {before} --region=[", folder) == ["--region=[heap]"]


def test_what_is_known_of_the_dump_counts(folder: Path) -> None:
    """As a raw file it has one region, at the base that is given."""
    line = "memtiles picture app.core out.bmp --format raw --base 0x1000 --region "
    assert offered(line, folder) == ["app.core"]


def test_a_hostile_name_is_replaced_by_its_address(folder: Path) -> None:
    (folder / "app.core").write_bytes(core_of((*HOSTILE, "honest.so")))
    found = offered("memtiles picture app.core out.bmp --region ", folder)
    assert found[-1] == "honest.so"
    addresses = [hex(BASE + number * 2 * PAGE) for number in range(len(HOSTILE))]
    assert found[:-1] == addresses
    dump, out = str(folder / "app.core"), str(folder / "a.bmp")
    assert run(["picture", dump, out, "--region", found[0]]) == 0


def test_a_name_of_several_regions_is_replaced_by_their_addresses(folder: Path) -> None:
    files = [(BASE + n * 4 * PAGE, BASE + (n * 4 + 1) * PAGE, 0, b"/lib/twin.so") for n in (0, 9)]
    loads = [Load(start, bytes(PAGE), flags=6) for start, *_ in files]
    (folder / "app.core").write_bytes(elf_core(loads, nt_file(files)))
    found = offered("memtiles picture app.core out.bmp --region ", folder)
    assert found == [hex(BASE), hex(BASE + 36 * PAGE)]
    dump, out = str(folder / "app.core"), str(folder / "twin.bmp")
    assert run(["picture", dump, out, "--region", "twin.so"]) == 2
    assert run(["picture", dump, out, "--region", found[1]]) == 0


def test_regions_and_atlases_of_a_site(folder: Path) -> None:
    text = "dump: app.core\natlases: [{name: landscape}, {name: poster}, {name: hostile}]\n"
    (folder / "config.yaml").write_text(text)
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    manifest = folder / "site" / "manifest.json"
    names = [row["name"] for row in json.loads(manifest.read_text())["regions"]]
    assert names == list(HARMLESS)
    # A site may come from anybody.
    manifest.write_text(manifest.read_text().replace('"hostile"', '"$(touch owned)"'))
    assert offered("memtiles slice site out.png --region ", folder) == names
    assert offered("memtiles slice site out.png --atlas ", folder) == ["landscape", "poster"]
    assert offered("memtiles slice app.core out.png --atlas ", folder) == [""]


@pytest.mark.parametrize(
    "dump", ["none.core", "-", "torn.core", "packed.core.gz", "site", "pid:1x"]
)
def test_what_cannot_be_opened_offers_nothing_and_says_nothing(dump: str, folder: Path) -> None:
    (folder / "torn.core").write_bytes(core_of(HARMLESS)[:70])
    (folder / "packed.core.gz").write_bytes(b"")
    assert offered(f"memtiles picture {dump} out.bmp --region ", folder) == [""]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_for_its_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "memtiles" in script
    found = shutil.which({"powershell": "pwsh"}.get(shell, shell))
    if found is None:
        pytest.skip(f"not run: {shell} is not installed")
    if shell != "powershell":
        subprocess.run([found, "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_user_types_tabs(shell: str, folder: Path) -> None:
    (typed,) = words_typed(shell, ["memtiles inf\tapp.c\t--for\traw"], folder)
    assert typed == ["info", "app.core", "--format", "raw"]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_names_arrive_as_they_are(shell: str, folder: Path) -> None:
    expected = {
        "lib": "libstdc++.so.6",
        "made": "made up",
        "'made": "made up",
        '"made': "made up",
        "Gr": "Größe",
        "vm": "vm@2:x=1",
        "vm@2:": "vm@2:x=1",
        "'[": "[heap]",
        "\\[h": "[heap]",
    }
    lines = [f"memtiles picture app.core x.bmp --region {begun}\t" for begun in expected]
    typed = words_typed(shell, lines, folder)
    assert [words[-1] for words in typed] == list(expected.values())
    assert {len(words) for words in typed} == {5}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_runs_nothing_of_a_dump(shell: str, folder: Path) -> None:
    for number, name in enumerate(HOSTILE):
        (folder / f"{number}.core").write_bytes(core_of((name,)))
    dumps = [f"{number}.core" for number in range(len(HOSTILE))]
    typed = words_typed(
        shell, [f"memtiles picture {dump} x.bmp --region \t" for dump in dumps], folder
    )
    assert typed == [["picture", dump, "x.bmp", "--region", hex(BASE)] for dump in dumps]
    assert not (folder / "owned").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_runs_nothing_of_a_file_name(shell: str, folder: Path) -> None:
    names = ["x$(touch owned).core", "y`touch owned`;x", "z 'quoted' & more"]
    for name in names:
        (folder / name).write_bytes(b"x")
    typed = words_typed(shell, [f"memtiles info {name[0]}\t" for name in names], folder)
    assert typed == [["info", name] for name in names]
    assert not (folder / "owned").exists()


def test_fish_asks_and_is_answered(folder: Path) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("not run: fish is not installed")

    def completions(line: str) -> list[str]:
        program = (
            f"function memtiles; {shlex.quote(sys.executable)} -m memtiles $argv; end\n"
            "memtiles completion fish | source\n"
            f"complete -C {shlex.quote(line)}"
        )
        done = subprocess.run(
            [fish, "--no-config", "-c", program],
            cwd=folder, env={**os.environ, "HOME": str(folder)}, capture_output=True, check=True,
        )  # fmt: skip
        return [row.split("\t")[0] for row in done.stdout.decode().splitlines()]

    assert completions("memtiles che") == ["check"]
    assert set(completions("memtiles picture app.core x.bmp --region ")) == set(HARMLESS)

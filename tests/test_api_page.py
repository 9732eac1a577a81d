"""docs/api.md: its examples run, print what they say, and are typed."""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from builders.elf import Load, elf_core, nt_file

PAGE = 4096
TEXT = (Path(__file__).parents[1] / "docs" / "api.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page's reader stands, with the files that the examples name."""
    random_bytes = random.Random(2007).randbytes
    program, library = 0x5555_5555_4000, 0x7FFF_F7A0_0000
    loads = [
        Load(program, random_bytes(3 * PAGE), flags=5),
        Load(library, random_bytes(80 * PAGE), memsz=84 * PAGE, flags=5),
        Load(0x7FFF_FFFD_E000, random_bytes(33 * PAGE), flags=6),
    ]
    files = [
        (program, program + 3 * PAGE, 0, b"/usr/bin/app"),
        (library, library + 84 * PAGE, 0, b"/usr/lib/libc.so.6"),
    ]
    (tmp_path / "app.core").write_bytes(elf_core(loads, nt_file(files)))
    (tmp_path / "config.yaml").write_text("dump: app.core\n")
    (tmp_path / "notes.txt").write_text("Notes of an engineer\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(example: str) -> str:
    """What an example says that it prints."""
    lines = [line for line in example.splitlines() if line.startswith("#>")]
    return "".join(f"{line.removeprefix('#>').removeprefix(' ')}\n" for line in lines)


def test_the_page_begins_with_all_of_it_in_a_few_lines() -> None:
    code = [line for line in EXAMPLES[0].splitlines() if line]
    assert [line.split("#")[0].strip() for line in code] == [
        "import memtiles",
        'with memtiles.open("app.core") as dump:',
        'libc = dump.region("libc.so.6")',
        "memory = dump.read(libc)",
        'dump.picture("libc.png", libc)',
        'memtiles.build("config.yaml")',
    ]


def test_the_examples_run_and_print_what_they_say(folder: Path) -> None:
    names: dict[str, object] = {"__name__": "page"}
    for example in EXAMPLES:
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile(example, "docs/api.md", "exec"), names)
        assert printed.getvalue() == said(example)
    made = {path.name for path in folder.iterdir()}
    assert made >= {"libc.png", "site", "rows.png", "app.bmp", "libc.bin", "libraries"}


MISUSE = """
import memtiles

memtiles.opne("app.core")  # type: ignore[attr-defined]
memtiles.open(3.5)  # type: ignore[arg-type]
dump = memtiles.open("app.core", space="linear")  # type: ignore[arg-type]
dump.read(0x1000)  # type: ignore[arg-type]
dump.picture("a.png", bits=12)  # type: ignore[arg-type]
dump.extract("a.bin", dump.regions[0], holes="fill")  # type: ignore[arg-type]
dump.name = "other"  # type: ignore[misc]
memtiles.build({"dump": "app.core"})  # type: ignore[arg-type]

memory: memtiles.Memory = dump.read("0x1000..0x2000")
region: memtiles.Region = dump.region(0x1000)
wrong: str = memory.data  # type: ignore[assignment]
"""


def test_a_type_checker_knows_all_names_and_finds_misuse(tmp_path: Path) -> None:
    """As in a user's own folder: memtiles is an installed package, seen through its py.typed."""
    (tmp_path / "examples.py").write_text("\n".join(EXAMPLES), "utf-8")
    (tmp_path / "misuse.py").write_text(MISUSE, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=cache"]
    done = subprocess.run(
        [*command, "examples.py", "misuse.py"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "MYPYPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "Success: no issues found in 2 source files\n", done.stderr

"""What reaches a console: every address whole, and nothing that the console's encoding breaks."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from builders.elf import Load, elf_core, nt_file
from memtiles.cli import run
from sites import made_up_process


@pytest.fixture
def core(tmp_path: Path) -> Path:
    path = tmp_path / "app.core"
    path.write_bytes(made_up_process()[0])
    return path


def test_addresses_are_whole_in_a_narrow_terminal(core: Path) -> None:
    pty = pytest.importorskip("pty", reason="not run: this system has no pseudo-terminals")
    fcntl = pytest.importorskip("fcntl")
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    command = [sys.executable, "-m", "memtiles", "info", str(core)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL) as info:
        os.close(theirs)
        drawn = b""
        with suppress(OSError):
            while piece := os.read(ours, 65_536):
                drawn += piece
        assert info.wait() == 0
    os.close(ours)
    assert re.search(r"\n00007ffff7a00000  00007ffff7ab8000 .* libmade\.so\.6\r", drawn.decode())


@pytest.mark.parametrize("encoding", ["ascii", "cp1251", "cp437"])
def test_a_console_that_lacks_a_character(core: Path, encoding: str) -> None:
    out = core.parent / "out.bmp"
    done = subprocess.run(
        [sys.executable, "-m", "memtiles", "picture", core, out],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert b"bug" not in done.stderr
    assert re.search(rb"\d+\?\d+ pixels of 32 bits", done.stdout)


def test_options_are_not_abbreviated(core: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = core.parent / "out.bmp"
    assert run(["picture", str(core), str(out), "--forc"]) == 2
    assert "see `memtiles picture --help`" in capsys.readouterr().err
    assert not out.exists()


def test_what_is_known_but_not_read_can_be_pictured_as_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A snapshot of QEMU begins with QEVM and its version."""
    dump = tmp_path / "guest.state"
    dump.write_bytes(b"QEVM\x00\x00\x00\x03" + bytes(4088))
    assert run(["info", str(dump)]) == 3
    assert "--format raw" in capsys.readouterr().err
    assert run(["info", str(dump), "--format", "raw"]) == 0
    assert run(["picture", str(dump), str(tmp_path / "out.bmp"), "--format", "raw"]) == 0


def test_an_archive_is_pictured_packed_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "memory.gz"
    archive.write_bytes(bytes(range(256)))
    out = tmp_path / "out.bmp"
    assert run(["picture", str(archive), str(out)]) == 0
    assert "packed" in capsys.readouterr().err
    assert out.read_bytes()[54:] == archive.read_bytes()


def test_without_colours_the_preview_says_why(core: Path) -> None:
    reasons = {"NO_COLOR": ("1", "NO_COLOR is set"), "TERM": ("dumb", "TERM=dumb")}
    for name, (value, reason) in reasons.items():
        clean = {key: kept for key, kept in os.environ.items() if "COLOR" not in key}
        done = subprocess.run(
            [sys.executable, "-m", "memtiles", "info", core, "--preview"],
            env={**clean, name: value},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0
        assert reason in done.stderr


def test_a_dump_that_is_cut_short_is_told_by_every_command(
    core: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first page of the program is there, most of what follows is not."""
    core.write_bytes(core.read_bytes()[:20_000])
    where = ["--range", "0x555555554000+0x1000"]
    for command in ("picture", "slice", "extract"):
        out = core.parent / f"{command}.bmp"
        assert run([command, str(core), str(out), *where]) == 0
        assert "the dump is cut short at 20000 bytes" in capsys.readouterr().err


def test_a_plan_is_a_table_that_an_endless_name_does_not_widen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names come out of the dump: one of megabytes would stand in each of 65,536 lines."""
    longest = "x" * 5000
    files = nt_file([(0x10000, 0x11000, 0, f"/{longest}".encode())])
    loads = [Load(0x10000, b"\1" * 4096), Load(0x7F0000000000, b"\1" * 100, memsz=1_000_000)]
    (tmp_path / "app.core").write_bytes(elf_core(loads, files))
    config = tmp_path / "config.yaml"
    config.write_text("dump: app.core\n")
    assert run(["build", str(config), "--dry-run"]) == 0
    head, first, second, *rest = capsys.readouterr().out.splitlines()
    assert head.split() == ["start", "bytes", "present", "picture", "kind", "region"]
    assert " ".join(first.split()) == f"0x10000 4,096 100% 64×64 rows 8 bits module {longest}"
    assert " ".join(second.split()) == (
        "0x7f0000000000 1,000,000 0.1% 1024×977 rows 8 bits anonymous anonymous 0x7f0000000000"
    )
    assert first.index("module") == second.index("anonymous") == head.index("kind")
    assert rest[0] == "regions   2, 2 drawn"

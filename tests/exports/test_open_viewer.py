"""`memtiles picture --open`: the system's own program shows the file; here it is a fake one."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from exports.exported import Outcome, memtiles, noise, nothing_changes, refused, sparse_file

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows asks its shell for a program")

OPENER = "open" if sys.platform == "darwin" else "xdg-open"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump.bin"
    path.write_bytes(noise(5000))
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, without a program in it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def shown(programs: Path) -> Callable[[], list[bytes]]:
    """Puts a viewer there; gives the arguments that it was called with, once it was."""
    script, told = programs / OPENER, programs / "told"
    lines = ['printf "%s\\0" "$@" >"$0.new"', f'exec "{shutil.which("mv") or "/bin/mv"}"']
    script.write_text(f'#!/bin/sh\n{lines[0]}\n{lines[1]} "$0.new" "{told}"\n')
    script.chmod(0o755)

    def shown() -> list[bytes]:
        deadline = time.monotonic() + 60
        while not told.exists():
            assert time.monotonic() < deadline, "the viewer was not called"
            time.sleep(0.01)
        return told.read_bytes().split(b"\0")[:-1]

    return shown


@pytest.mark.parametrize("name", ["out.bmp", "out.png", "a b; touch 'x' $(id).bmp"])
def test_the_picture_is_shown(
    dump: Path, name: str, shown: Callable[[], list[bytes]], call: Callable[..., Outcome]
) -> None:
    """As one argument, after it is whole."""
    out = dump.parent / name
    done = call("picture", dump, out, "--open")
    assert (done.code, done.errors) == (0, [])
    assert shown() == [os.fsencode(out)]
    assert out.exists()


def test_of_several_files_the_first_is_shown(
    tmp_path: Path, shown: Callable[[], list[bytes]], call: Callable[..., Outcome]
) -> None:
    memory = sparse_file(tmp_path / "memory.bin", 5 << 30)
    assert call("picture", memory, tmp_path / "out.bmp", "--open").code == 0
    assert shown() == [os.fsencode(tmp_path / "out.0000.bmp")]


def test_the_viewer_may_say_what_it_likes(
    dump: Path, programs: Path, call: Callable[..., Outcome]
) -> None:
    """Neither its words nor how it ends are ours."""
    script = programs / OPENER
    script.write_text("#!/bin/sh\necho noise\necho noise >&2\nexit 7\n")
    script.chmod(0o755)
    done, _ = memtiles("picture", dump, dump.parent / "out.bmp", "--open")
    assert (done.code, done.errors) == (0, [])
    assert "noise" not in done.out


@pytest.mark.usefixtures("programs")
def test_without_a_viewer(dump: Path, call: Callable[..., Outcome]) -> None:
    """That is told before anything is done."""
    with nothing_changes(dump.parent):
        done = call("picture", dump, dump.parent / "out.bmp", "--open")
        refused(done, 2, "--open", "no program here opens pictures")


def test_nothing_is_shown_where_nothing_was_made(
    dump: Path, programs: Path, shown: Callable[[], list[bytes]], call: Callable[..., Outcome]
) -> None:
    with nothing_changes(dump.parent):
        refused(call("picture", dump, "-", "--open"), 2, "--open needs a file")
        refused(call("picture", dump, dump.parent / "no" / "out.bmp", "--open"), 2, "no folder")
    assert not (programs / "told").exists()

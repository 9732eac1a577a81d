"""What a user installs: the wheel and the sdist, built from the checkout, used where it is not.

Everything is real: PyPA's `build`, pip, a new venv. None of it finds Node, or any other program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from memtiles import __version__

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "src" / "memtiles"
VIEWER = {"icon.svg", "index.html", "licenses.txt", "viewer.css", "viewer.js"}
DIST_INFO = f"memtiles-{__version__}.dist-info"
CACHE = os.environ.get("XDG_CACHE_HOME")  # pip's downloads: before conftest.py moves it


@dataclass(frozen=True)
class Packages:
    """The sdist of the checkout, and the wheel made from that sdist."""

    sdist: Path
    wheel: Path

    def in_sdist(self) -> dict[str, bytes]:
        """The contents of all files in the sdist by their path below its top folder."""
        with tarfile.open(self.sdist) as archive:
            files = [member for member in archive if member.isfile()]
            contents = [archive.extractfile(member) for member in files]
            top = f"memtiles-{__version__}/"
            assert all(member.name.startswith(top) for member in files)
            return {
                member.name.removeprefix(top): content.read()
                for member, content in zip(files, contents, strict=True)
                if content is not None
            }

    def in_wheel(self) -> dict[str, bytes]:
        """The contents of all files in the wheel by their path."""
        with zipfile.ZipFile(self.wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


class Venv:
    """A new virtual environment, used in a folder outside the checkout with an empty PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "venv"
        self.work = folder / "work"
        self.work.mkdir()
        succeed([sys.executable, "-m", "venv", self.folder], self.work)
        paths = {"base": str(self.folder), "platbase": str(self.folder)}
        self.scripts = Path(sysconfig.get_path("scripts", "venv", paths))
        self.python = self.scripts / Path(sys.executable).name

    def run(self, *arguments: str | Path) -> str:
        """Runs its Python; returns what is printed."""
        return succeed([self.python, *arguments], self.work)

    def pip(self, *arguments: str | Path) -> str:
        """Runs its pip."""
        return self.run("-m", "pip", "--disable-pip-version-check", *arguments)


def execute(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command without Node, without any program on the PATH, without the checkout."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "XDG_CACHE_HOME")
    }
    nothing = folder / "no-programs"
    nothing.mkdir(exist_ok=True)
    environment |= {"PATH": str(nothing), "PYTHONDONTWRITEBYTECODE": "1"}
    if CACHE is not None:
        environment["XDG_CACHE_HOME"] = CACHE
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def succeed(command: list[str | Path], folder: Path) -> str:
    """Runs a command that must succeed; returns what it prints."""
    done = execute(command, folder)
    if done.returncode != 0:
        words = " ".join(map(str, command))
        pytest.fail(f"{words}: exit code {done.returncode}\n{done.stdout}{done.stderr}", False)
    return done.stdout

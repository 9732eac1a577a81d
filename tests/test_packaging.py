"""What a user installs: the sdist of the checkout, the wheel of that sdist, used far from both.

Everything is real: PyPA's `build`, pip, a new venv. None of it finds Node, or any other program.
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from platformdirs import user_cache_dir

from builders.elf import Load, elf_core, nt_file
from memtiles import __version__

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "src" / "memtiles"
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
FOLDERS = {"src/memtiles", "docs", "tests", "viewer", "bench"}
FILES = {"pyproject.toml", "hatch_build.py", "Makefile", "LICENSE", ".gitignore"}
FILES |= {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
# What may lie about in a checkout: dumps and maps are somebody's memory.
STRAYS = (
    "app.core",
    "configs/app.core",
    "configs/site/manifest.json",
    "src/app.py",
    ".venv/lib/x/src/x.py",
    "viewer/node_modules/x/src/x.ts",
    "src/memtiles/__pycache__/build.cpython-311.pyc",
)
STATIC = "memtiles/site/static/"
VIEWER = {"icon.svg", "index.html", "licenses.txt", "viewer.css", "viewer.js"}
TOP = f"memtiles-{__version__}"

# pip keeps its downloads where it always does: asked for before conftest.py moves the caches.
PIP_CACHE = os.environ.get("PIP_CACHE_DIR") or user_cache_dir("pip", appauthor=False)


def execute(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a command in a folder, with no program on the PATH and nothing of the checkout's."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
    environment |= {"PATH": str(folder / "nothing"), "PIP_CACHE_DIR": PIP_CACHE}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}  # hatch_build.py is run in the checkout
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def succeed(folder: Path, *command: str | Path) -> str:
    """Runs a command that must succeed; returns what it prints."""
    done = execute(folder, *command)
    if done.returncode != 0:
        line = " ".join(map(str, command))
        pytest.fail(f"{line}: exit code {done.returncode}\n{done.stdout}{done.stderr}", False)
    return done.stdout


class Venv:
    """A new virtual environment, used from a folder outside the checkout."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        self.folder = folder / "venv"
        succeed(self.work, sys.executable, "-m", "venv", self.folder)
        base = {"base": str(self.folder), "platbase": str(self.folder)}
        self.scripts = Path(sysconfig.get_path("scripts", "venv", base))

    def python(self, *arguments: str | Path) -> str:
        return succeed(self.work, self.scripts / Path(sys.executable).name, *arguments)

    def pip(self, *arguments: str | Path) -> str:
        return self.python("-m", "pip", *arguments)

    def memtiles(self, *arguments: str | Path) -> str:
        return succeed(self.work, self.scripts / "memtiles", *arguments)


@dataclass(frozen=True)
class Packages:
    """A copy of the checkout, its sdist, and the wheel made from that; contents by path."""

    checkout: Path
    sdist: Path
    wheel: Path

    def in_checkout(self) -> dict[str, bytes]:
        files = {path for path in self.checkout.rglob("*") if path.is_file()}
        files -= {self.checkout / name for name in STRAYS}
        return {file.relative_to(self.checkout).as_posix(): file.read_bytes() for file in files}

    def in_sdist(self) -> dict[str, bytes]:
        contents = {}
        with tarfile.open(self.sdist) as archive:
            for member in archive:
                top, _, name = member.name.partition("/")
                file = archive.extractfile(member)
                assert top == TOP
                assert file is not None
                contents[name] = file.read()
        return contents

    def in_wheel(self) -> dict[str, bytes]:
        with zipfile.ZipFile(self.wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    folder = tmp_path_factory.mktemp("packages")
    checkout = folder / "checkout"
    passing = shutil.ignore_patterns("__pycache__", "node_modules", ".*", "results")
    for name in FOLDERS:
        shutil.copytree(CHECKOUT / name, checkout / name, ignore=passing)
    (checkout / "configs").mkdir()
    examples = {*CHECKOUT.glob("configs/*.yaml"), *CHECKOUT.glob("configs/*.py")}
    for file in examples | {CHECKOUT / name for name in FILES}:
        shutil.copy(file, checkout / file.relative_to(CHECKOUT))
    for name in STRAYS:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_bytes(b"secret")
    succeed(folder, sys.executable, "-m", "build", "--outdir", folder / "dist", checkout)
    wheel, sdist = f"{TOP}-py3-none-any.whl", f"{TOP}.tar.gz"
    assert {path.name for path in (folder / "dist").iterdir()} == {sdist, wheel}
    return Packages(checkout, folder / "dist" / sdist, folder / "dist" / wheel)


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    return Venv(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def installed(request: pytest.FixtureRequest, packages: Packages, venv: Venv) -> Iterator[Venv]:
    """Each package in turn; the dependencies, which the first one brings, stay for the second."""
    venv.pip("install", "--no-compile", getattr(packages, request.param))
    yield venv
    venv.pip("uninstall", "--yes", "memtiles")


def test_installed_without_node_it_runs(installed: Venv) -> None:
    version = installed.memtiles("--version")
    assert version.startswith(f"memtiles {__version__}")
    assert re.search(r"libvips \d+\.\d+", version)  # its own answer: it was installed, and loads
    assert "build" in installed.python("-m", "memtiles", "--help")
    home = installed.python("-c", "import memtiles; print(memtiles.__file__)")
    assert Path(home.strip()).is_relative_to(installed.folder)
    installed.pip("check")


def test_installed_without_node_it_builds_a_map(
    installed: Venv, packages: Packages, tmp_path: Path
) -> None:
    data = random.Random(2007).randbytes(0x3000)
    files = nt_file([(0x400000, 0x403000, 0, b"/usr/bin/tiny")])
    (tmp_path / "tiny.core").write_bytes(elf_core([Load(0x400000, data)], files))
    (tmp_path / "map.yaml").write_text("dump: tiny.core\n")
    site = tmp_path / "site"
    installed.memtiles("build", tmp_path / "map.yaml")
    installed.python("-m", "memtiles", "check", site)
    manifest = json.loads((site / "manifest.json").read_text())
    regions = [(row["name"], row["start"], row["size"]) for row in manifest["regions"]]
    assert regions == [("tiny", "0x400000", "0x3000")]
    wheel = packages.in_wheel()
    assert {name: (site / name).read_bytes() for name in VIEWER} == {
        name: wheel[STATIC + name] for name in VIEWER
    }


def test_the_wheel_holds_the_package_and_nothing_else(packages: Packages) -> None:
    wheel = packages.in_wheel()
    about = {f"{TOP}.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    about |= {f"{TOP}.dist-info/{name}" for name in ("entry_points.txt", "licenses/LICENSE")}
    code = {name: content for name, content in wheel.items() if name not in about}
    assert set(wheel) == about | set(code)
    assert code == {
        name.removeprefix("src/"): content
        for name, content in packages.in_checkout().items()
        if name.startswith("src/memtiles/")
    }
    assert {name for name in code if not name.endswith(".py")} == {
        "memtiles/py.typed",
        "memtiles/config/config.schema.json",
        *(STATIC + name for name in VIEWER),
    }
    assert b"OpenSeadragon contributors" in wheel[f"{STATIC}licenses.txt"]


def test_the_sdist_holds_what_rebuilding_and_testing_need(packages: Packages) -> None:
    sdist = packages.in_sdist()
    assert sdist.pop("PKG-INFO")
    assert sdist == packages.in_checkout()


def test_the_metadata(packages: Packages) -> None:
    wheel = packages.in_wheel()
    text = wheel[f"{TOP}.dist-info/METADATA"]
    metadata = message_from_bytes(text)
    assert (metadata["Name"], metadata["Version"]) == ("memtiles", __version__)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0 AND BSD-3-Clause"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert wheel[f"{TOP}.dist-info/licenses/LICENSE"] == (CHECKOUT / "LICENSE").read_bytes()
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert {distribution(line) for line in needed} == set(
        map(distribution, PROJECT["dependencies"])
    )
    entry_points = ConfigParser()
    entry_points.read_string(wheel[f"{TOP}.dist-info/entry_points.txt"].decode())
    assert {name: dict(entry_points[name]) for name in entry_points.sections()} == {
        "console_scripts": {"memtiles": "memtiles.cli:main"}
    }
    assert packages.in_sdist()["PKG-INFO"] == text


def test_the_dependencies_are_what_the_code_imports() -> None:
    providers = packages_distributions()
    modules = {name for path in PACKAGE.rglob("*.py") for name in imported(path)}
    homes = {
        name: {distribution(home) for home in providers[name]}
        for name in modules - {*sys.stdlib_module_names, "memtiles", "_typeshed"}
    }
    declared = {distribution(line) for line in PROJECT["dependencies"]}
    declared |= {distribution(line) for line in PROJECT["optional-dependencies"]["kdump"]}
    declared.add("pydantic-core")  # part of pydantic, which documents imports from it and pins it
    assert [name for name in homes if not homes[name] & declared] == []
    assert declared - {home for names in homes.values() for home in names} == set()


def imported(file: Path) -> Iterator[str]:
    """The top-level modules that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def distribution(requirement: str) -> str:
    """The normalised name (PEP 503) at the start of a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement)[0]).lower()


@pytest.fixture
def without_viewer(packages: Packages, tmp_path: Path) -> Path:
    """A checkout as it is before `make viewer`."""
    ignore = shutil.ignore_patterns("static")
    return Path(shutil.copytree(packages.checkout, tmp_path / "checkout", ignore=ignore))


@pytest.mark.parametrize("kind", ["--sdist", "--wheel"])
def test_no_package_without_its_page(kind: str, without_viewer: Path, tmp_path: Path) -> None:
    out = tmp_path / "dist"
    done = execute(tmp_path, sys.executable, "-m", "build", kind, "--outdir", out, without_viewer)
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert output.splitlines().count("the viewer is not bundled: run `make viewer` first") == 1
    assert "Traceback" not in output
    assert not [*out.glob("*")]


def test_an_editable_install_may_come_before_the_viewer(
    without_viewer: Path, tmp_path: Path
) -> None:
    venv = Venv(tmp_path)
    venv.pip("install", "--no-deps", "--editable", without_viewer)
    home = venv.python("-c", "import memtiles; print(memtiles.__file__)")
    assert Path(home.strip()).is_relative_to(without_viewer)

"""`memtiles export` that goes wrong, or is interrupted: nothing is left of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exports.exported import (
    Outcome,
    noise,
    nothing_changes,
    refused,
)
from exports.pyramids import (
    ENDINGS,
    Call,
    build_regions,
    each_kind,
)
from memtiles.cli import run
from reliability.builds import command, tree
from sites import build_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_regions(tmp_path_factory.mktemp("exported"))


@pytest.mark.parametrize("damage", ["gone", "short"])
@each_kind
def test_damage(tmp_path: Path, kind: str, damage: str, call: Call) -> None:
    site = build_site(tmp_path)
    for bmp in site.glob("**/*.bmp"):
        if damage == "gone":
            bmp.unlink()
        else:
            bmp.write_bytes(bmp.read_bytes()[:100])
    for chosen in (["--region", "made up"], []):
        with nothing_changes(tmp_path):
            done = call("export", site, "--to", kind, "-o", tmp_path / "out", *chosen)
            refused(done, 7, ".bmp", "--rehash")


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from memtiles.cli import main
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a disk that is full is made by RLIMIT_FSIZE")
@each_kind
def test_a_full_disk(site: Path, tmp_path: Path, kind: str) -> None:
    arguments = ["export", site, "--to", kind, "-o", tmp_path / "out", "--region", "whole8"]
    for force in ([], ["--force"]):
        with nothing_changes(tmp_path):
            done = subprocess.run(
                [sys.executable, "-c", LIMITED, *map(str, arguments), *force],
                capture_output=True,
                text=True,
                check=False,
            )
            refused(Outcome.of(done.returncode, done.stdout, done.stderr), 6, "no space left")
        (tmp_path / f"out{ENDINGS[kind]}").write_text("mine")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of one region of 48 MiB, whose export takes long enough to be disturbed."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "dump.bin").write_bytes(noise(48 << 20))
    (folder / "config.yaml").write_text("dump: {path: dump.bin, format: raw}\n")
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0
    return folder / "site"


def disturbed(site: Path, folder: Path, kind: str, number: int, wait: float, *more: str) -> Outcome:
    """Sends a signal some time after something has begun to be written."""
    arguments = command("export", site, "--to", kind, "-o", folder / "out", *more)
    before = set(folder.iterdir())
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and set(folder.iterdir()) <= before:
            time.sleep(0.001)
        time.sleep(wait)
        process.send_signal(number)
        said, err = process.communicate()
    return Outcome.of(process.returncode, said.decode(), err.decode())


on_posix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no SIGINT for one process"
)


@on_posix
@each_kind
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("there", [False, True])
def test_interrupted(large: Path, tmp_path: Path, kind: str, name: str, there: bool) -> None:
    """Nothing is left, and what would have been replaced stays."""
    if there:
        (tmp_path / f"out{ENDINGS[kind]}").write_text("mine")
        (tmp_path / "out_files" / "0").mkdir(parents=True)
        (tmp_path / "out_files" / "0" / "0_0.png").write_text("mine")
    before = tree(tmp_path)
    for wait in (0, 0.3):
        done = disturbed(large, tmp_path, kind, getattr(signal, name), wait, "--force")
        refused(done, 130, "interrupted")
        assert tree(tmp_path) == before


@on_posix
@each_kind
def test_killed(large: Path, tmp_path: Path, kind: str) -> None:
    """What is left does not have the name of a picture, and hinders nobody."""
    done = disturbed(large, tmp_path, kind, signal.SIGKILL, 0.3)
    assert done.code == -signal.SIGKILL
    left = {path.name for path in tmp_path.iterdir()}
    assert left
    assert all(name.startswith(".out") and name.endswith(".part") for name in left)
    assert run(["export", str(large), "--to", kind, "-o", str(tmp_path / "out")]) == 0


RENAMES = """
import os, sys
from pathlib import Path
plan, seen = [word == "stop" for word in sys.argv[1].split(",")], []
rename = Path.rename
def interrupted(self, target):
    seen.append(target)
    stop = len(seen) <= len(plan) and plan[len(seen) - 1]
    if stop and sys.argv[2] == "before":
        raise KeyboardInterrupt
    done = rename(self, target)
    if stop:
        raise KeyboardInterrupt
    return done
Path.rename = interrupted
from memtiles.cli import main
main(sys.argv[3:])
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("there", [False, True])
def test_interrupted_between_two_names(
    site: Path, tmp_path: Path, number: int, when: str, there: bool
) -> None:
    """A file and a folder get their names one after the other; together or not at all for us."""
    arguments = ["export", str(site), "--to", "dzi", "-o", str(tmp_path / "out")]
    if there:
        assert run([*arguments, "--region", "holed8"]) == 0
    elif number > 1:
        pytest.skip("only two are renamed where nothing is there")
    plan = ",".join("stop" if at == number else "go" for at in range(4))
    child = [sys.executable, "-c", RENAMES, plan, when, *arguments, "--region", "whole8", "--force"]
    with nothing_changes(tmp_path):
        done = subprocess.run(child, capture_output=True, text=True, check=False)
        refused(Outcome.of(done.returncode, done.stdout, done.stderr), 130, "interrupted")

"""Outside the process format nothing Unix-only is required: a build on a Python without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sites import build_site, made_up_process

WITHOUT_UNIX = """
import os, sys, warnings
warnings.simplefilter("ignore")
sys.modules["fcntl"] = None
names = "pread preadv pwrite SEEK_DATA SEEK_HOLE geteuid O_CLOEXEC O_NOFOLLOW"
for name in names.split():
    if hasattr(os, name):
        delattr(os, name)
from memtiles.cli import run
sys.exit(run(sys.argv[1:]))
"""


def test_the_same_folder_without_pread_fcntl_and_seek_data(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    expected = build_site(tmp_path / "with")
    (tmp_path / "without" / "app.core").write_bytes(made_up_process()[0])
    config = tmp_path / "without" / "config.yaml"
    config.write_text("dump: app.core\n")
    command = [sys.executable, "-c", WITHOUT_UNIX]
    for arguments in (["build", config, "--quiet"], ["check", config.parent / "site", "--quiet"]):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    assert tree(config.parent / "site") == tree(expected)


def test_a_second_build_is_refused_without_fcntl_too(tmp_path: Path) -> None:
    site = build_site(tmp_path)
    holder = "from filelock import SoftFileLock as L; import sys; l = L(sys.argv[1]); l.acquire()\n"
    holder += "print(flush=True); input()"
    lock = site / ".memtiles.lock"
    lock.unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", holder, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as held:
        assert held.stdout is not None
        held.stdout.readline()
        command = [sys.executable, "-c", WITHOUT_UNIX, "build", tmp_path / "config.yaml"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        held.communicate(b"\n")
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but the lock, by path."""
    assert json.loads((folder / "manifest.json").read_text())["version"] == 3
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".memtiles.lock"
    }

"""SIGKILL while an earlier atlas is taken over, or bundles are made: old site or new one."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builders.elf import Load
from builders.segments import core_of, tiny_segments
from memtiles.site.check import check_site
from reliability.builds import memtiles, tree

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")

CONFIG = "dump: app.core\ntiles: {size: 256}\n"

# Kills itself right before it takes the given step of changing the output folder.
KILLED_AT_STEP = """
import os, signal, sys
event, step = sys.argv[1], int(sys.argv[2])
seen = 0
def hook(name, _):
    global seen
    if name == event:
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from memtiles.cli import main
main(sys.argv[3:])
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Configs of a dump and of the same with two other regions, one of them in a bundle; built."""
    folder = tmp_path_factory.mktemp("undisturbed")
    large = random.Random(3).randbytes(1_200_000)
    configs = []
    for name, changed, end in (("first", None, b"first"), ("second", 1234, b"other")):
        loads = (
            *tiny_segments(changed),
            Load(0x7E00_0000_0000, large[::-1], flags=5),
            Load(0x7F00_0000_0000, large + end, flags=6),
        )
        (folder / name).mkdir()
        (folder / name / "app.core").write_bytes(core_of(loads))
        (folder / name / "config.yaml").write_text(CONFIG)
        configs.append(folder / name / "config.yaml")
        assert memtiles("build", configs[-1], "--quiet").code == 0
    assert tree(folder / "first" / "site") != tree(folder / "second" / "site")
    return configs


@pytest.mark.parametrize(
    ("event", "step"), [("os.link", 1), ("os.link", 9), ("os.rename", 1), ("os.rename", 3)]
)
def test_killed_in_a_second_build(
    undisturbed: list[Path], tmp_path: Path, event: str, step: int
) -> None:
    """Then either dump is built: what was left behind is neither missing nor in the way."""
    first, second = (config.parent / "site" for config in undisturbed)
    site = tmp_path / "site"
    shutil.copytree(first, site)
    words = ["build", str(undisturbed[1]), "--output", str(site), "--quiet"]
    child = [sys.executable, "-c", KILLED_AT_STEP, event, str(step), *words]
    assert subprocess.run(child, check=False).returncode == -signal.SIGKILL
    assert (site / "manifest.json").read_bytes() == (first / "manifest.json").read_bytes()
    assert check_site(site)[1] == []
    other = Path(shutil.copytree(site, tmp_path / "other"))
    for config, place, expected in ((undisturbed[1], site, second), (undisturbed[0], other, first)):
        assert memtiles("build", config, "--output", place, "--quiet").code == 0
        assert tree(place) == tree(expected)

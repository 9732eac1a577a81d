"""SIGKILL at any moment leaves the old site or the new one, and the next build mends the rest."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from memtiles.site.check import check_site
from reliability.builds import command, memtiles, tree, write_inputs

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")

KILLS_EACH = 10

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


@dataclass(frozen=True)
class Undisturbed:
    """Two builds that nobody disturbed: of a dump, and of the same dump with another heap."""

    first_config: Path
    first: Path
    second_config: Path
    second: Path
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Built from `small_core` with two heaps; the seconds are those of the slower build."""
    folder = tmp_path_factory.mktemp("undisturbed")
    sites, configs, seconds = [], [], 0.0
    for heap in ("first", "second"):
        configs.append(write_inputs(folder / heap, heap))
        sites.append(folder / heap / "site")
        start = time.monotonic()
        assert memtiles("build", configs[-1], "--quiet").code == 0
        seconds = max(seconds, time.monotonic() - start)
    assert tree(sites[0]) != tree(sites[1])
    return Undisturbed(configs[0], sites[0], configs[1], sites[1], seconds)


@pytest.mark.parametrize("is_rebuild", [False, True], ids=["first build", "rebuild"])
def test_killed_at_random_moments(
    undisturbed: Undisturbed, tmp_path: Path, is_rebuild: bool
) -> None:
    choose = random.Random(66)
    for number in range(KILLS_EACH):
        site = tmp_path / f"site{number}"
        moment = undisturbed.seconds * (number + choose.random()) / KILLS_EACH
        _kill_a_build(undisturbed, site, moment, is_rebuild)
        _is_old_or_new(undisturbed, site)
        assert memtiles("build", undisturbed.second_config, "--output", site, "--quiet").code == 0
        assert tree(site) == tree(undisturbed.second), f"killed after {moment:.3f} s"


def _kill_a_build(undisturbed: Undisturbed, site: Path, moment: float, is_rebuild: bool) -> None:
    """Kills a build after `moment` seconds, or sooner where it is done by then."""
    while True:
        shutil.rmtree(site, ignore_errors=True)
        if is_rebuild:
            shutil.copytree(undisturbed.first, site)
        build = command("build", undisturbed.second_config, "--output", site, "--quiet")
        with subprocess.Popen(build) as process:
            time.sleep(moment)
            process.kill()
        if process.returncode == -signal.SIGKILL:
            return
        moment *= 0.8


@pytest.mark.parametrize("step", [1, 2, 3, 8, 9, 10, 11])
def test_killed_before_every_rename(undisturbed: Undisturbed, tmp_path: Path, step: int) -> None:
    _kill_at_step(undisturbed, tmp_path / "site", "os.rename", step)


@pytest.mark.parametrize("step", [1, 20, 60])
def test_killed_while_removing(undisturbed: Undisturbed, tmp_path: Path, step: int) -> None:
    _kill_at_step(undisturbed, tmp_path / "site", "os.remove", step)


@pytest.mark.parametrize("step", [1, 20])
def test_killed_while_the_mode_changes(undisturbed: Undisturbed, tmp_path: Path, step: int) -> None:
    site = tmp_path / "site"
    shutil.copytree(undisturbed.first, site)
    build = ["build", str(undisturbed.first_config), "--quiet", "--mode", "0755", "--output"]
    killed = _killed_at("os.chmod", step, *build, str(site))
    assert killed == -signal.SIGKILL
    assert memtiles(*build, site).code == 0
    assert memtiles(*build, tmp_path / "other").code == 0
    assert tree(site) == tree(tmp_path / "other")


def test_killed_while_processes_draw_tiles(tmp_path: Path) -> None:
    """They are gone, too, and neither hold the lock nor write into the next build's folders."""
    (tmp_path / "memory.bin").write_bytes(random.Random(5).randbytes(1 << 20) * 64)
    config = tmp_path / "config.yaml"
    config.write_text("dump: {path: memory.bin, format: raw}\n")
    build = ["build", str(config), "--quiet", "--jobs", "2", "--output"]
    for number in range(3):
        site = tmp_path / f"site{number}"
        with subprocess.Popen(command(*build, site)) as process:
            while not any(site.glob(".staging/*/tiles_files/*/*.png")):
                assert process.poll() is None, "the build was over before it could be killed"
                time.sleep(0.005)
            time.sleep(0.05 * number)
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert memtiles(*build, site).code == 0
    assert tree(tmp_path / "site0") == tree(tmp_path / "site1") == tree(tmp_path / "site2")
    assert check_site(tmp_path / "site0")[1] == []


def _kill_at_step(undisturbed: Undisturbed, site: Path, event: str, step: int) -> None:
    """A rebuild dies; then the dump is again what it was before: old folders must be whole."""
    shutil.copytree(undisturbed.first, site)
    build = ["build", str(undisturbed.second_config), "--output", str(site), "--quiet"]
    killed = _killed_at(event, step, *build)
    if killed == 0:
        pytest.skip(f"a rebuild has fewer than {step} steps of {event}")
    assert killed == -signal.SIGKILL
    _is_old_or_new(undisturbed, site)
    assert memtiles("build", undisturbed.first_config, "--output", site, "--quiet").code == 0
    assert tree(site) == tree(undisturbed.first)


def _killed_at(event: str, step: int, *arguments: str) -> int:
    child = [sys.executable, "-c", KILLED_AT_STEP, event, str(step), *arguments]
    return subprocess.run(child, check=False).returncode


def _is_old_or_new(undisturbed: Undisturbed, site: Path) -> None:
    """No manifest, or the manifest of an undisturbed build, and `check` finds all of it sound.

    The two renames of `manifest.js` and `manifest.json` cannot be one. Between them the twin is
    that of the other build, whose folders are all there, too; `check` says just that.
    """
    if not (site / "manifest.json").exists():
        return
    manifest, twin = (
        _build_of(undisturbed, site, name) for name in ("manifest.json", "manifest.js")
    )
    _, damage = check_site(site)
    assert damage == ([] if manifest == twin else ["manifest.js: not the same as manifest.json"])
    paths = [row["path"] for row in json.loads((twin / "manifest.json").read_bytes())["pictures"]]
    assert all(tree(site / path) == tree(twin / path) for path in paths)


def _build_of(undisturbed: Undisturbed, site: Path, name: str) -> Path:
    """Which undisturbed build a file of the site is from."""
    content = (site / name).read_bytes()
    (found,) = (
        one
        for one in (undisturbed.first, undisturbed.second)
        if (one / name).read_bytes() == content
    )
    return found

"""The same input, config and version give the same folder, byte for byte."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reliability.builds import memtiles, tree, write_inputs

LENSES = (
    "pictures: {layout: pages, lenses: [class, bytes, entropy, pointers]}\n"
    "atlases: [{name: first}, {name: second, layout: hilbert}]\n"
)


@pytest.fixture(scope="module", params=["", LENSES], ids=["bytes", "lenses"])
def reference(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config beside its dump and the site, built from `small_core` with one thread."""
    config = write_inputs(tmp_path_factory.mktemp("reference"))
    config.write_text(config.read_text() + request.param)
    assert memtiles("build", config, "--quiet", "--jobs", "1").code == 0
    return config


@pytest.mark.parametrize("jobs", [2, 4])
def test_any_number_of_threads(reference: Path, tmp_path: Path, jobs: int) -> None:
    site = tmp_path / "another place" / "site"
    assert memtiles("build", reference, "--output", site, "--quiet", "--jobs", str(jobs)).code == 0
    assert tree(site) == tree(reference.parent / "site")


def test_a_copied_dump(reference: Path, tmp_path: Path) -> None:
    for name in ("app.core", "config.yaml"):
        shutil.copyfile(reference.parent / name, tmp_path / name)
    os.utime(tmp_path / "app.core", (1, 1))
    assert memtiles("build", tmp_path / "config.yaml", "--quiet").code == 0
    assert tree(tmp_path / "site") == tree(reference.parent / "site")


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Asia/Kathmandu", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "UTC", "LANG": "de_DE.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"},
        {"PYTHONUTF8": "0", "PYTHONOPTIMIZE": "1", "VIPS_CONCURRENCY": "7"},
    ],
    ids=["west", "east", "options"],
)
def test_any_environment(reference: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    site = tmp_path / "site"
    done = memtiles("build", reference, "--output", site, "--quiet", environment=environment)
    assert (done.code, done.errors) == (0, [])
    assert tree(site) == tree(reference.parent / "site")


@pytest.mark.parametrize("umask", [0o000, 0o027, 0o077])
def test_any_umask(reference: Path, tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert memtiles("build", reference, "--output", tmp_path / "site", "--quiet").code == 0
    finally:
        os.umask(before)
    assert tree(tmp_path / "site") == tree(reference.parent / "site")


def test_a_rebuild_and_a_rehash_change_nothing(reference: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    for more in ([], [], ["--rehash"]):
        assert memtiles("build", reference, "--output", site, "--quiet", *more).code == 0
        assert tree(site) == tree(reference.parent / "site")


def test_a_way_there_over_another_dump_and_config(reference: Path, tmp_path: Path) -> None:
    """What an output folder held before cannot be told from it."""
    config = write_inputs(tmp_path, "second")
    config.write_text(config.read_text() + "pictures: {bits: 24}\n")
    assert memtiles("build", config, "--quiet").code == 0
    assert memtiles("build", reference, "--output", tmp_path / "site", "--quiet").code == 0
    assert tree(tmp_path / "site") == tree(reference.parent / "site")

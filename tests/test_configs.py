"""Every example in configs/ is built, with inputs of the names that it asks for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders.windows_crash import full_dump
from builders.windows_kernel import WindowsMemory
from memtiles.cli import run
from sites import made_up_process

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))

LM = """\
kd> lm
start             end                 module name
fffff800`00800000 fffff800`00820000   hal        (deferred)
fffff800`00830000 fffff800`0085e000   nt         (pdb symbols)
"""


def kernel_dump() -> bytes:
    """A crash dump whose page tables map all of what LM lists."""
    memory = WindowsMemory()
    for address in range(0xFFFFF80000800000, 0xFFFFF8000085E000, 0x1000):
        memory.map(address)
    return full_dump(memory.stored(), cr3=memory.root)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_example_builds(config: Path, tmp_path: Path) -> None:
    if "live:" in config.read_text() and sys.platform != "linux":
        pytest.skip("a live process is read on Linux only")
    folder = tmp_path / "configs"
    folder.mkdir()
    shutil.copy(config, folder)
    (folder / "app.core").write_bytes(made_up_process()[0])
    (folder / "memory.bin").write_bytes(os.urandom(0x5E000))
    (folder / "MEMORY.DMP").write_bytes(kernel_dump())
    (folder / "lm.txt").write_text(LM)
    (tmp_path / "demo").mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as program:
        (tmp_path / "demo" / "demo.pid").write_text(str(program.pid))
        assert run(["build", str(folder / config.name), "--quiet"]) == 0
    (manifest,) = tmp_path.rglob("manifest.json")
    assert json.loads(manifest.read_text())["atlases"]
    assert run(["check", str(manifest.parent), "--quiet"]) == 0


def test_the_map_of_a_raw_file_names_its_regions(tmp_path: Path) -> None:
    shutil.copy(CONFIGS[0].parent / "raw-with-modules.yaml", tmp_path)
    (tmp_path / "memory.bin").write_bytes(os.urandom(0x5E000))
    (tmp_path / "lm.txt").write_text(LM)
    assert run(["build", str(tmp_path / "raw-with-modules.yaml"), "--quiet"]) == 0
    manifest = json.loads((tmp_path / "raw-site" / "manifest.json").read_text())
    assert [(row["name"], row["start"], row["size"]) for row in manifest["regions"]] == [
        ("hal", "0xfffff80000800000", "0x20000"),
        ("memory.bin", "0xfffff80000820000", "0x10000"),
        ("nt", "0xfffff80000830000", "0x2e000"),
    ]

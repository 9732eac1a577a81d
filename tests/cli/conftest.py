"""The folder that the examples of the commands are run in."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from builders.elf import Load, elf_core, nt_file
from memtiles.cli import run

PAGE = 4096


@pytest.fixture(scope="session")
def prepared_inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the examples of all commands name, made once: dumps, a config, and a site."""
    folder = tmp_path_factory.mktemp("examples")
    random_bytes = random.Random(2007).randbytes
    program, library = 0x55_5555_5540_00, 0x7FFF_F7A0_0000
    loads = [
        Load(program, random_bytes(3 * PAGE), flags=5),
        Load(library, random_bytes(80 * PAGE), flags=5),
        Load(0x7FFF_FFFD_E000, random_bytes(33 * PAGE), flags=6),
    ]
    files = [
        (program, program + 3 * PAGE, 0, b"/usr/bin/app"),
        (library, library + 80 * PAGE, 0, b"/usr/lib/libc.so.6"),
    ]
    shutil.copy(Path(__file__).parents[2] / "configs/lens_example.py", folder / "my_lens.py")
    (folder / "app.core").write_bytes(elf_core(loads, nt_file(files)))
    (folder / "config.yaml").write_text("dump: app.core\n")
    assert run(["build", str(folder / "config.yaml"), "--quiet"]) == 0  # site/
    (folder / "hal.bin").write_bytes(random_bytes(0x5E000))
    (folder / "pagefile.sys").write_bytes(random_bytes(3 << 20) + bytes(1 << 20))
    (folder / ".config/fish/completions").mkdir(parents=True)  # where the user's fish looks
    return folder


@pytest.fixture
def example_folder(prepared_inputs: Path, tmp_path: Path) -> Path:
    """A copy of the inputs, to run one example in; it is the user's home, too."""
    folder = tmp_path / "home"
    shutil.copytree(prepared_inputs, folder)
    return folder

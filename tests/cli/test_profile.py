"""`build --profile`: what was done in each stage, what it took, and what lies in the folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memtiles.cli import run
from memtiles.cli.profile import Profile
from memtiles.progress import Silence
from reliability.builds import write_inputs

MIB = 1 << 20
BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def row(profile: Profile, output: Path, name: str) -> list[str]:
    (found,) = (line.split() for line in profile.lines(output) if line.startswith(name))
    return found


def test_a_stage_tells_what_was_done_and_what_it_took(tmp_path: Path) -> None:
    """Of all processes that it began, too; and not what was before it."""
    while time.process_time() < 1:
        pass
    profile = Profile(Silence())
    began, busy = time.perf_counter(), time.process_time()
    with profile.stage("tiles") as advance:
        subprocess.run([sys.executable, "-c", BUSY], check=True)
        advance(1_000_000)
        advance(234)
        inside = time.perf_counter() - began
    own = time.process_time() - busy
    name, wall, cpu, done, unit, a_second, *_ = row(profile, tmp_path, "tiles")
    assert (name, done, unit) == ("tiles", "1,000,234", "pixels")
    assert inside - 0.001 <= float(wall) <= time.perf_counter() - began + 0.001
    # Counted in hundredths, which the system rounds for each process.
    assert 0.45 <= float(cpu) <= 0.5 + own + 0.3
    assert int(a_second.replace(",", "")) == pytest.approx(1_000_234 / float(wall), rel=0.01)


LARGE = f"""
import subprocess, sys
from pathlib import Path
from memtiles.cli.profile import Profile
from memtiles.progress import Silence
profile = Profile(Silence())
with profile.stage("plan"):
    pass
with profile.stage("page"):
    subprocess.run([sys.executable, "-c", "b'x' * {300 * MIB}"], check=True)
print(*profile.lines(Path(sys.argv[1])), sep="\\n")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="not run: Windows does not tell")
def test_memory_is_that_of_the_largest_process(tmp_path: Path) -> None:
    # The peak of a process begins at that of the one that begins it, which for tests is GiBs.
    between = "import subprocess, sys; subprocess.run(sys.argv[1:], check=True)"
    command = [sys.executable, "-c", between, sys.executable, "-c", LARGE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.replace(",", "").splitlines()
    peaks = {line.split()[0]: line.split()[-2:] for line in lines}
    assert peaks["plan"][1] == peaks["page"][1] == "MiB"
    assert int(peaks["plan"][0]) < 300 <= int(peaks["page"][0])


@pytest.mark.skipif(not hasattr(os, "link"), reason="not run: no links here")
def test_a_file_of_two_names_lies_on_the_disk_once(tmp_path: Path) -> None:
    """And what a build hides, such as its stage, is not listed."""
    for folder in ("atlases/a", "atlases/b", "pictures", ".staging"):
        (tmp_path / folder).mkdir(parents=True)
    tile = tmp_path / "atlases/a/tile.png"
    tile.write_bytes(b"x" * 10_000)
    os.link(tile, tmp_path / "atlases/b/tile.png")
    (tmp_path / "pictures/picture.bmp").write_bytes(b"x" * 5)
    with (tmp_path / "pictures/sparse.bmp").open("wb") as file:
        file.truncate(64 * MIB)
    (tmp_path / ".staging/part").write_bytes(b"x")
    profile = Profile(Silence())
    atlases, pictures = (row(profile, tmp_path, name) for name in ("atlases", "pictures"))
    assert atlases[:3] == ["atlases", "2", "20,000"]
    assert pictures[:3] == ["pictures", "2", f"{64 * MIB + 5:,}"]
    assert int(atlases[3].replace(",", "")) == tile.stat().st_blocks * 512
    assert int(pictures[3].replace(",", "")) < MIB
    assert not any(line.startswith(".") for line in profile.lines(tmp_path))


def test_the_table_of_a_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_inputs(tmp_path)
    assert run(["build", str(config), "--quiet", "--profile"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    stages = ["stage", "plan", "memory", "tiles", "strips", "page"]
    assert [line[0] for line in lines[:6]] == stages
    assert lines[6][0] == "folder"
    folders = {one.name: one for one in (tmp_path / "site").iterdir() if one.is_dir()}
    assert [line[0] for line in lines[7:]] == sorted(folders)
    for name, *numbers in lines[7:]:
        files = [file for file in folders[name].rglob("*") if file.is_file()]
        assert numbers[0] == f"{len(files):,}"
        assert numbers[1] == f"{sum(file.stat().st_size for file in files):,}"

"""The seed article's example, from the running machine to the picture: a guest is booted under
QEMU, its memory dumped, and the range of its HAL drawn by its virtual addresses.

What every byte must be is a formula in the docstring of the script that makes the guest; its pages
are swapped in pairs, so that whoever skips the page tables gets the wrong bytes.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exports.exported import MAGENTA, Bmp, Outcome, bmp_of, colours, memtiles, refused, seen
from sites import SiteEyes

RANGE = "fffff800`00800000 fffff800`0085e000"  # as WinDbg has it: the last address is in it
START, SIZE = 0xFFFF_F800_0080_0000, 0x5E001
SCRIPT = Path(__file__).resolve().parents[2] / "../shared/tools/tinyguest/make_dump.py"

HAL = bytes(((i ^ 0x1000) >> 12 ^ (i ^ 0x1000) >> 4) & 0xFF for i in range(SIZE - 1))
THERE = np.array([1] * (SIZE - 1) + [0], np.uint8)


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the dumps of a guest that ran just now."""
    missing = [tool for tool in ("qemu-system-x86_64", "gcc", "ld") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} to boot a guest")
    if not SCRIPT.exists():
        pytest.skip("the script that boots a guest is not beside this checkout (../shared/tools)")
    folder = tmp_path_factory.mktemp("guest")
    made = subprocess.run(
        [sys.executable, SCRIPT, folder], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return folder


def done(*arguments: str | Path) -> Outcome:
    outcome, _ = memtiles(*arguments)
    assert (outcome.code, outcome.errors) == (0, []), outcome
    return outcome


@pytest.mark.parametrize("dump", ["tiny.elf", "tiny-paging.elf", "tiny.kdump"])
def test_the_picture_of_the_seed(guest: Path, tmp_path: Path, dump: str) -> None:
    """310×310 pixels of 32 bits, then 625 bytes without a pixel: 385,079 bytes in all."""
    out = tmp_path / "hal.bmp"
    told = done("picture", guest / dump, out, "--range", RANGE)
    assert any("1 bytes are not in the dump (not mapped)" in note for note in told.notes)
    assert bmp_of(out) == Bmp(310, 310, 32, 54, bmp_of(out).per_metre)
    contents = out.read_bytes()
    assert len(contents) == 54 + SIZE == 385_079
    assert contents[54:-1] == HAL
    assert contents[-1] == MAGENTA[2], "blue comes first in a BMP"
    expected = colours(HAL[: 310 * 310 * 4], 32, 310, 310)
    assert np.array_equal(seen(out), expected)


def test_the_byte_that_is_missing_is_clear(guest: Path, tmp_path: Path) -> None:
    out = tmp_path / "hal.png"
    done("picture", guest / "tiny.elf", out, "--range", RANGE, "--bits", "8", "--layout", "rows")
    expected = colours(HAL + b"\0", 8, 1024, 377, THERE)
    assert expected[376, 0, 3] == 0
    assert expected[375, 1023, 3] == 255
    assert np.array_equal(seen(out), expected)


def test_extract(guest: Path, tmp_path: Path) -> None:
    out = tmp_path / "hal.bin"
    told = done("extract", guest / "tiny.elf", out, "--range", RANGE)
    assert "Writing 5e001 bytes..." in told.out + "".join(told.notes)
    assert out.read_bytes() == HAL + b"\0"
    outcome, _ = memtiles(
        "extract", guest / "tiny.elf", tmp_path / "no.bin", "--range", RANGE, "--holes", "error"
    )
    refused(outcome, 3, "0xfffff8000085e000")


def test_the_module_that_a_pasted_lm_names(guest: Path, tmp_path: Path) -> None:
    (tmp_path / "lm.txt").write_text(
        "0: kd> lm\nstart             end                 module name\n"
        "fffff800`00800000 fffff800`0085e000   hal        (deferred)\n"
    )
    (tmp_path / "config.yaml").write_text(
        f"dump: {guest / 'tiny.elf'}\n"
        "maps: [{path: lm.txt}]\n"
        "regions: {include: [{kind: module}]}\n"
        "overrides: [{match: {name: hal}, bits: 32, layout: classic}]\n"
    )
    done("build", tmp_path / "config.yaml")
    done("check", tmp_path / "site")
    eyes = SiteEyes(tmp_path / "site")
    (region,) = eyes.manifest["regions"]
    assert (region["name"], region["start"], region["present"]) == ("hal", hex(START), "0x5e000")
    picture = eyes.manifest["pictures"][region["picture"]]
    bmp = tmp_path / "site" / picture["path"] / picture["bmp"][0]["file"]
    assert bmp.read_bytes()[54:] == HAL
    (atlas,) = eyes.manifest["atlases"]
    (place,) = atlas["placements"]
    expected = colours(HAL[: 310 * 310 * 4], 32, 310, 310)[:, :, :3]
    assert np.array_equal(pixels_of(eyes, atlas, place["x"], place["y"], 310, 310), expected)


def pixels_of(
    eyes: SiteEyes, row: dict[str, Any], left: int, top: int, width: int, height: int
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    lines = range(top, top + height)
    return np.array(
        [[eyes.pixel(row, x, y) for x in range(left, left + width)] for y in lines], np.uint8
    )


def test_info_lists_what_qemu_says_is_mapped(guest: Path) -> None:
    truth = (guest / "infomem.txt").read_text().split()
    told = done("info", guest / "tiny.elf").out
    assert len(truth) == 3 * 11
    for one in truth[::3]:
        start, end = one.split("-")
        assert f"{start}  {end}" in told


def test_ranges_that_are_not_mapped(guest: Path, tmp_path: Path) -> None:
    outcome, _ = memtiles(
        "picture", guest / "tiny.elf", tmp_path / "no.bmp", "--range", "0x7ff000000000+0x1000"
    )
    refused(outcome, 3, "not mapped")

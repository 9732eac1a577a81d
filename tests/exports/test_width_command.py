"""`memtiles width`: what it prints, writes and refuses."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders.elf import Load, elf_core
from exports.exported import Outcome, noise, nothing_changes, refused
from memtiles.config import parse_config

Call = Callable[..., Outcome]

START = 0x1000_0000
NAME = "anonymous 0x10000000"
STRIDE, ROWS = 800, 120


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A core with 200 pixels of 32 bits a row, then noise, then a region that is all hole."""
    numbers = random.Random(6)
    row = b"".join(bytes([*numbers.randbytes(3), 255]) for _ in range(STRIDE // 4))
    grain = np.random.default_rng(1).integers(0, 6, (ROWS, STRIDE // 4, 4))
    grain[:, :, 3] = 0
    drawn = (np.frombuffer(row, np.uint8).reshape(-1, 4) // 2 + grain).astype(np.uint8).tobytes()
    path = tmp_path / "wide.core"
    path.write_bytes(
        elf_core(
            [
                Load(START, drawn + noise(4096)),
                Load(0x2000_0000, noise(8192)),
                Load(0x3000_0000, b"", memsz=8192),
            ]
        )
    )
    return path


def test_the_table_and_the_line_for_a_config(call: Call, wide: Path) -> None:
    done = call("width", wide, "--region", NAME)
    assert (done.code, done.errors) == (0, [])
    head, first = done.out.splitlines()[:2]
    assert head.split() == ["score", "width", "bits", "stride", "rows", "beside"]
    assert first.split()[2:] == ["200", "32", "800", "1"]
    override = parse_config(f"dump: a\n{done.out.splitlines()[-1]}\n", wide).overrides[0]
    assert (override.match.name, override.width, override.bits) == (NAME, 200, 32)


def test_a_range_is_a_region_of_its_own_in_the_config(call: Call, wide: Path) -> None:
    done = call("width", wide, "--range", f"{START:#x}+0x8000")
    lines = "\n".join(done.out.splitlines()[-2:])
    config = parse_config(f"dump: a\n{lines}\n", wide)
    (found,) = config.regions.ranges
    assert (found.span.start, found.span.size) == (START, 0x8000)
    assert config.overrides[0].match.name == found.name
    assert config.overrides[0].width == 200


def test_json(call: Call, wide: Path) -> None:
    done = call("width", wide, "--region", NAME, "--json")
    found = json.loads(done.out)
    assert (found["name"], int(found["start"], 16)) == (NAME, START)
    best = found["widths"][0]
    assert (best["width"], best["bits"], best["stride"], best["beside"]) == (200, 32, 800, 1)
    assert START <= int(best["address"], 16) < START + STRIDE * ROWS


def test_other_bits(call: Call, wide: Path) -> None:
    done = call("width", wide, "--region", NAME, "--json", "--bits", 8, "--most", 1)
    (best,) = json.loads(done.out)["widths"]
    assert (best["width"], best["bits"]) == (800, 8)


def test_a_file_that_is_no_dump(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "table.bin"
    path.write_bytes(b"".join(noise(40, 1)[:36] + noise(4, seed) for seed in range(500)))
    best = json.loads(call("width", path, "--json").out)["widths"][0]
    assert (best["width"], best["bits"]) == (40, 8)


def test_the_pictures_in_the_terminal(
    call: Call, wide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    done = call("width", wide, "--region", NAME, "--most", 1)
    drawn = [line for line in done.out.splitlines() if "▀" in line]
    # 200 pixels are 64 columns, so that 100 rows are 32, two a line.
    assert len(drawn) == 16
    assert {len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in drawn} == {64}


def test_without_colours_it_says_so(
    call: Call, wide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    done = call("width", wide, "--region", NAME)
    assert done.notes == ["note: no previews: NO_COLOR is set"]


def test_the_pictures_as_files(call: Call, wide: Path, tmp_path: Path) -> None:
    folder = tmp_path / "some" / "widths"
    done = call("width", wide, "--region", NAME, "--out", folder, "--most", 1)
    path = folder / "width-200-32.png"
    assert str(path) in done.out.splitlines()
    core = wide.read_bytes()
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[1] == 200
    # Blue, green, red and one more: three of four bytes of the first row lie so in the dump.
    blue, green, red = (pixels[0, :, band].tobytes() for band in (2, 1, 0))
    first = b"".join(bytes(one) for one in zip(blue, green, red, bytes([127] * 200), strict=True))
    assert first in core
    with nothing_changes(folder):
        again = call("width", wide, "--region", NAME, "--out", folder, "--most", 1)
        assert again.code == 2
    assert call("width", wide, "--region", NAME, "--out", folder, "--most", 1, "--force").code == 0


def test_that_nothing_stands_out_is_no_error(call: Call, wide: Path) -> None:
    done = call("width", wide, "--region", "0x20000000")
    assert (done.code, done.errors) == (0, [])
    assert done.out.startswith("no width stands out in anonymous 0x20000000 ")
    assert json.loads(call("width", wide, "--region", "0x20000000", "--json").out)["widths"] == []


def test_what_is_refused(call: Call, wide: Path) -> None:
    refused(call("width", wide, "--region", "anonymus 0x10000000"), 2, "did you mean", NAME)
    refused(call("width", wide, "--range", f"{START:#x}+0x1"), 2, "1 byte:", "96 bytes and more")
    refused(call("width", wide, "--region", "0x30000000"), 3, "nothing of")
    refused(call("width", wide.parent / "no.core"), 3, "no.core")

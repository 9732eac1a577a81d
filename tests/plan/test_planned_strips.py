"""Strips in the plan of a build: what cannot be cut is told before anything is drawn."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from builders.elf import Load, elf_core
from memtiles.cli import run
from reliability.builds import CONFIG, PAGE, write_inputs

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config of `small_core` in a folder of its own."""
    return write_inputs(tmp_path)


def build(config: Path, *more: str) -> int:
    return run(["build", str(config), "--quiet", *more])


def manifest_of(config: Path) -> dict[str, Any]:
    return dict(json.loads((config.parent / "site" / "manifest.json").read_bytes()))


REFUSED = {
    "crop": (
        "{name: a, region: 0x10000000, crop: 513x1+0+0}",
        "strips[1].crop: crop 513x1+0+0 leaves what there is: 512x480+0+0 is all of it",
    ),
    "crop below": (
        "{name: a, atlas: landscape, crop: 1x1+0+99999}",
        "strips[1].crop: crop 1x1+0+99999 leaves what there is: ",
    ),
    "unknown": (
        "{name: a, region: libsmal.so}",
        "strips[1].region: no region is called 'libsmal.so'; did you mean 'libsmall.so'?",
    ),
    "several": (
        "{name: a, region: libsmall.so}",
        "strips[1].region: 3 regions are called 'libsmall.so'; give an address in it: "
        "0x7fff00000000, 0x7fff00032000, 0x7fff00040000",
    ),
    "nowhere": (
        "{name: a, region: 0x20001000}",
        "strips[1].region: no region holds 0x20001000; the nearest is 'anonymous 0x20000000' at ",
    ),
    "nothing like it": (
        "{name: a, region: nothing}",
        "strips[1].region: no region is called 'nothing'; ",
    ),
}


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["build", "dry run"])
@pytest.mark.parametrize(("strip", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_cut_is_told_before_anything_is_drawn(
    config: Path, capsys: Capture, strip: str, message: str, more: list[str]
) -> None:
    # The mappings of a module, and what lies between them, are regions of one name.
    config.write_text(
        f"{CONFIG}regions: {{group: mapping}}\n"
        f"strips:\n- {{name: fine, atlas: landscape}}\n- {strip}\n"
    )
    assert build(config, *more) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith(f"memtiles: {message}")
    assert out == ""
    assert not (config.parent / "site").exists()


def test_a_bmp_of_4_gib_is_refused_while_planning(tmp_path: Path, capsys: Capture) -> None:
    dump = tmp_path / "memory.bin"
    dump.write_bytes(b"")
    os.truncate(dump, 5 << 30)
    config = tmp_path / "config.yaml"
    text = "dump: {path: memory.bin, format: raw}\nstrips: [{name: a, region: memory.bin, format: "
    config.write_text(f"{text}bmp}}]\n")
    assert build(config, "--dry-run") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "memtiles: strips[0].format: 131072×40960 pixels are more than a BMP can"
    )
    assert ".tif" in line
    for kind in ("tif", "png"):
        config.write_text(f"{text}{kind}}}]\n")
        assert build(config, "--dry-run") == 0


def test_the_drawn_piece_of_a_region_is_meant_and_not_its_absence(
    tmp_path: Path, capsys: Capture
) -> None:
    """A reservation is cut in two regions of one name, and only one of them has a picture."""
    reserved = Load(0x1000_0000, b"\x5a" * PAGE, memsz=1 << 40)
    nothing = Load(0x7F00_0000_0000, b"", memsz=1 << 40)
    (tmp_path / "app.core").write_bytes(elf_core([reserved, nothing]))
    config = tmp_path / "config.yaml"
    config.write_text("dump: app.core\nstrips: [{name: a, region: anonymous 0x10000000}]\n")
    assert build(config) == 0
    manifest = manifest_of(config)
    (row,), regions = manifest["strips"], manifest["regions"]
    names = [region["name"] for region in regions]
    assert names.count("anonymous 0x10000000") == 2
    assert regions[row["region"]]["present"] == hex(PAGE)
    for text in ("anonymous 0x7f0000000000", "0x7f0000001000", "0x10000ffffff"):
        config.write_text(f"dump: app.core\nstrips: [{{name: a, region: {text}}}]\n")
        capsys.readouterr()
        assert build(config) == 2
        assert "is not in the dump: it gets no picture to cut from" in capsys.readouterr().err


def planned(config: Path, capsys: Capture) -> dict[str, int]:
    capsys.readouterr()
    assert run(["build", str(config), "--dry-run"]) == 0
    lines = [line.split(" at most ") for line in capsys.readouterr().out.splitlines()]
    return {line[0].strip(): int(line[1].replace(",", "")) for line in lines if len(line) == 2}


def test_the_plan_lists_and_bounds_them(config: Path, capsys: Capture) -> None:
    """The heap is noise, which does not compress: the files are as large as can be."""
    kinds = [(kind, number) for kind in ("png", "tif", "bmp") for number in range(40)]
    strips = "".join(
        f"- {{name: s{number}-{kind}, region: 0x10000000, format: {kind}}}\n"
        for kind, number in kinds
    )
    config.write_text(CONFIG)
    without = planned(config, capsys)
    config.write_text(f"{CONFIG}strips:\n{strips}")
    bounds = planned(config, capsys)
    assert run(["build", str(config), "--dry-run"]) == 0
    line = "strip     s3-tif 512×480 of anonymous 0x10000000, tif at 300 dpi"
    assert line in capsys.readouterr().out.splitlines()
    assert build(config) == 0
    files = [path for path in (config.parent / "site").rglob("*") if path.is_file()]
    strip_bytes = sum(row["size"] for row in manifest_of(config)["strips"])
    assert strip_bytes <= bounds["bytes"] - without["bytes"]
    assert sum(path.stat().st_size for path in files) <= bounds["bytes"]
    assert len(files) <= bounds["files"]
    assert bounds["files"] - without["files"] == 2 * len(kinds)


def test_the_limit_of_the_output_counts_them(config: Path, capsys: Capture) -> None:
    config.write_text(CONFIG)
    limit = f"limits: {{output: {planned(config, capsys)['bytes'] + 100_000}}}\n"
    config.write_text(CONFIG + limit)
    assert build(config) == 0
    config.write_text(CONFIG + limit + "strips: [{name: a, atlas: landscape}]\n")
    assert build(config) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "crop the strips (" in line

"""`width: find` and `offset` of a config, in the plan of a build and on its site."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from builders.elf import Load, elf_core
from memtiles.cli import run
from memtiles.config import parse_config
from memtiles.memory.formats import open_dump
from memtiles.plan import Plan, make_plan

PAGE = 4096
IMAGE, NOISE, SMALL = 0x1000_0000, 0x2000_0000, 0x3000_0000
NAMES = {at: f"anonymous {at:#x}" for at in (IMAGE, NOISE, SMALL)}


def noise(size: int, seed: int) -> bytes:
    return np.random.default_rng(seed).bytes(size)


def image(stride: int, rows: int) -> bytes:
    """Rows that are all alike but for a grain."""
    row = np.frombuffer(noise(stride, 1), np.uint8).astype(int) * 3 // 4 + 16
    grain = np.random.default_rng(2).integers(-8, 9, (rows, stride))
    return (row + grain).astype(np.uint8).tobytes()


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """An image of 1,200 bytes a row behind a header of 100, noise, and a small region."""
    drawn = noise(100, 3) + image(1200, 200)
    path = tmp_path / "app.core"
    path.write_bytes(
        elf_core(
            [
                Load(IMAGE, drawn + bytes(-len(drawn) % PAGE)),
                Load(NOISE, noise(40 * PAGE, 4)),
                Load(SMALL, (b"0123456789abcdefghij" * 200)[: PAGE - 96]),
            ]
        )
    )
    return path


def plan(dump: Path, text: str) -> Plan:
    config = parse_config(f"dump: app.core\n{text}", dump.parent / "c.yaml")
    with open_dump(dump) as opened:
        return make_plan(config, opened, [])


def shapes(made: Plan) -> list[tuple[int, int]]:
    return [(one.shape.width, one.shape.bits) for one in made.regions if one.shape]


def test_the_width_is_found_and_the_others_are_auto(dump: Path) -> None:
    made = plan(dump, "pictures: {width: find}\n")
    auto = shapes(plan(dump, ""))
    assert shapes(made) == [(1200, 8), auto[1], auto[2]]
    lines = [line for line in made.report if "width: find" in line]
    assert lines == [
        f"width: find: no width stands out in 1 region ({NAMES[NOISE]}): drawn as with width: auto"
    ]


@pytest.mark.parametrize(("bits", "width"), [(8, 1200), (16, 600), (24, 400), (32, 300)])
def test_the_bits_are_those_of_the_config(dump: Path, bits: int, width: int) -> None:
    made = plan(dump, f"pictures: {{width: find, bits: {bits}}}\n")
    assert shapes(made)[0] == (width, bits)


def test_one_region_alone(dump: Path) -> None:
    made = plan(dump, f"overrides: [{{match: {{name: {NAMES[IMAGE]}}}, width: find, bits: 32}}]\n")
    assert shapes(made) == [(300, 32), *shapes(plan(dump, ""))[1:]]
    assert not any("width: find" in line for line in made.report)


def test_an_offset_is_left_out(dump: Path) -> None:
    name = NAMES[IMAGE]
    made = plan(
        dump,
        "overrides:\n"
        "- {match: {kind: anonymous}, offset: 1}\n"
        f"- {{match: {{name: {name}}}, offset: 100, width: 1200}}\n"
        f"- {{match: {{name: {NAMES[SMALL]}}}, offset: 0}}\n",
    )
    before = plan(dump, "").regions
    first, second, third = (one.region for one in made.regions)
    assert [one.name for one in (first, second, third)] == list(NAMES.values())
    assert (first.span.start, first.span.end) == (IMAGE + 100, before[0].region.span.end)
    assert (second.span.start, second.span.end) == (NOISE + 1, before[1].region.span.end)
    assert third.span == before[2].region.span
    assert made.regions[0].runs.total == first.span.size


def test_an_offset_that_leaves_nothing(dump: Path) -> None:
    from memtiles.errors import UsageError

    with pytest.raises(UsageError) as caught:
        plan(dump, f"overrides:\n- {{match: {{name: {NAMES[NOISE]}}}, offset: {40 * PAGE}}}\n")
    assert str(caught.value) == (
        f"overrides[0].offset: 163,840 bytes leave nothing of '{NAMES[NOISE]}', which has 163,840"
    )


def test_a_build_draws_the_image_upright(dump: Path) -> None:
    """The bytes of the BMP, from behind its header on, are the image, row by row."""
    config = dump.parent / "c.yaml"
    config.write_text(
        "dump: app.core\nregions: {include: [{name: " + NAMES[IMAGE] + "}]}\n"
        "overrides: [{match: {kind: anonymous}, width: find, offset: 100}]\noutput: site\n"
    )
    assert run(["build", str(config), "--quiet"]) == 0
    assert run(["check", str(dump.parent / "site"), "--quiet"]) == 0
    site = dump.parent / "site"
    (row,) = json.loads((site / "manifest.json").read_bytes())["regions"]
    assert int(row["start"], 16) == IMAGE + 100
    (bmp,) = site.rglob("*.bmp")
    raster = bmp.read_bytes()[1078:]
    assert int.from_bytes(bmp.read_bytes()[18:22], "little") == 1200
    assert raster[: 1200 * 200] == image(1200, 200)

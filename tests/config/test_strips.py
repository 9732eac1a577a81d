"""Strips in a config: what is read of them, and the mistakes, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from memtiles.config import Config, load_config
from memtiles.errors import ConfigError
from memtiles.tiles import strip

MISTAKES = {
    "strips: text": ("dump: a\nstrips: hal\n", 2, "strips: must be a list, such as [...]"),
    "strip: text": (
        "dump: a\nstrips: [hal]\n",
        2,
        "strips[0]: must be a mapping with keys",
    ),
    "strip without a name": (
        "dump: a\nstrips:\n- region: hal\n",
        3,
        "strips[0].name: is missing; keys here are name, region, atlas, crop, dpi, format",
    ),
    "strip's name": (
        "dump: a\nstrips:\n- {name: ../etc, region: hal}\n",
        3,
        "strips[0].name: '../etc' must be 1 to 40 of a-z, 0-9 and -",
    ),
    "strip of nothing": (
        "dump: a\nstrips:\n- name: a\n  dpi: 300\n",
        3,
        "strips[0].atlas: is missing; give region or atlas",
    ),
    "strip of two": (
        "dump: a\nstrips:\n- name: a\n  region: hal\n  atlas: landscape\n",
        5,
        "strips[0].atlas: cannot stand beside region; remove one of the two",
    ),
    "strip's key": (
        "dump: a\nstrips:\n- name: a\n  atlas: landscape\n  corp: 1x1+0+0\n",
        5,
        "strips[0].corp: is not a key; did you mean crop?; keys here are name, region,",
    ),
    "strip's region": (
        "dump: a\nstrips:\n- {name: a, region: [hal]}\n",
        3,
        "strips[0].region: must be text, not a list",
    ),
    "strip's crop": (
        "dump: a\nstrips:\n- name: a\n  region: hal\n  crop: 100x200\n",
        5,
        "strips[0].crop: '100x200' is not a crop; write WIDTHxHEIGHT+X+Y in pixels, such as",
    ),
    "strip's crop is off": (
        "dump: a\nstrips:\n- name: a\n  region: hal\n  crop: 100x200-5+0\n",
        5,
        "strips[0].crop: '100x200-5+0' is not a crop; write WIDTHxHEIGHT+X+Y",
    ),
    "strip without pixels": (
        "dump: a\nstrips:\n- name: a\n  region: hal\n  crop: 0x200+5+0\n",
        5,
        "strips[0].crop: '0x200+5+0' has no pixels; a crop is at least 1x1",
    ),
    "strip's dpi": (
        "dump: a\nstrips: [{name: a, region: hal, dpi: 9601}]\n",
        2,
        "strips[0].dpi: '9601' must be a whole number from 1 to 9600",
    ),
    "strip's format": (
        "dump: a\nstrips: [{name: a, region: hal, format: tiff}]\n",
        2,
        "strips[0].format: 'tiff' must be one of png, tif, bmp; did you mean tif?",
    ),
    "strip of an unknown atlas": (
        "dump: a\nstrips:\n- {name: a, atlas: landscape}\n- name: b\n  atlas: landscap\n",
        5,
        "strips[1].atlas: landscap is no atlas; did you mean landscape?; atlases here are",
    ),
    "strips of one name": (
        "dump: a\nstrips:\n- {name: a, region: x}\n- {name: b, region: x}\n- {name: a, region: y}",
        5,
        "strips[2].name: a is another strip's name; names must differ",
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current one is empty, and messages start with the bare file name."""
    monkeypatch.chdir(tmp_path)


def load(text: str) -> Config:
    Path("c.yaml").write_text(text, encoding="utf-8")
    return load_config(Path("c.yaml"))


def mistake(text: str) -> str:
    """The only complaint about a config."""
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert caught.value.exit_code == 2
    (line,) = str(caught.value).split("\n")
    return line


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_line(text: str, line: int, message: str) -> None:
    assert mistake(text).startswith(f"c.yaml:{line}: {message}")


def test_formats_and_dpi_of_strips_are_those_of_the_strips() -> None:
    for kind in strip.STRIP_FORMATS:
        config = load(f"dump: a\nstrips: [{{name: a, region: b, format: {kind}}}]\n")
        assert (config.strips[0].format, config.strips[0].dpi) == (kind, strip.DPI)
    line = mistake("dump: a\nstrips: [{name: a, region: b, format: x}]\n")
    assert line.endswith(f"must be one of {', '.join(strip.STRIP_FORMATS)}")


def test_a_region_of_a_strip_is_taken_as_it_is_written() -> None:
    for text in ("0x1000", "0085e000", "[heap]", "1.50", "yes", "a 'b' *"):
        quoted = '"' + text + '"'
        config = load(f"dump: a\nstrips: [{{name: a, region: {quoted}}}]\n")
        assert config.strips[0].region == text
    assert load("dump: a\nstrips: [{name: a, region: 0085e000}]\n").strips[0].region == "0085e000"


def test_an_unknown_atlas_among_many_is_told_briefly() -> None:
    atlases = "".join(f"- name: atlas-{number}\n" for number in range(200))
    line = mistake(f"dump: a\natlases:\n{atlases}strips: [{{name: a, atlas: x}}]\n")
    assert line.startswith("c.yaml:203: strips[0].atlas: x is no atlas; atlases here are atlas-0,")
    assert line.endswith("atlas-9, ...")


def test_a_strip_beside_wrong_atlases_is_not_blamed() -> None:
    line = mistake("dump: a\natlases: [{name: A}]\nstrips: [{name: a, atlas: b}]\n")
    assert line.startswith("c.yaml:2: atlases[0].name: ")

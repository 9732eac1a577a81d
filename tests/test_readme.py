"""README.md: what it shows can be typed, and what it says a config holds can be loaded."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from memtiles.cli.parser import make_parser
from memtiles.config import load_config

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def typed() -> list[str]:
    """All command lines of memtiles, out of blocks of code, tables and sentences."""
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    inside = re.findall(r"``(.+?)``|`([^`\n]+)`", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    lines += [one or other for one, other in inside]
    commands = [part.strip() for line in lines for part in line.split("&&")]
    return [line for line in commands if re.match(r"memtiles [a-z]", line)]


@pytest.mark.parametrize("line", typed())
def test_command_lines_parse(line: str) -> None:
    words = shlex.split(line.replace("COMMAND --help", "info DUMP"), comments=True)
    make_parser().parse_args(words[1:])


def test_all_kinds_of_use_are_there() -> None:
    commands = {line.split()[1] for line in typed()}
    assert {"init", "build", "picture", "extract", "info", "slice"} <= commands


def test_the_config_loads(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "config.yaml").write_text(text)
    config = load_config(tmp_path / "config.yaml")
    assert [strip.name for strip in config.strips] == ["hal-strip"]


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target

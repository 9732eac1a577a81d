"""docs/commands.md is what the commands say about themselves."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from memtiles.cli.parser import make_parser

PUBLISHED = Path(__file__).parents[2] / "docs" / "commands.md"


def made(columns: str = "80") -> str:
    environment = {**os.environ, "COLUMNS": columns}
    command = [sys.executable, "-m", "memtiles.cli.manual"]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()


@pytest.fixture(scope="module")
def manual() -> str:
    return made()


def test_the_published_manual_is_the_current_one(manual: str) -> None:
    same = PUBLISHED.read_bytes().decode() == manual
    assert same, "docs/commands.md is not what the commands say: run `make docs`"


def test_it_is_the_same_at_any_width(manual: str) -> None:
    assert made("40") == manual == made("200")


def test_every_command_and_option_is_in_it(manual: str) -> None:
    overview, *pages = re.split(r"^## memtiles (?=\w+$)", manual, flags=re.MULTILINE)
    parser = make_parser()
    assert [page.split("\n")[0] for page in pages] == list(parser.commands)
    for page, one in zip(pages, parser.commands.values(), strict=True):
        assert f"`memtiles {page.split()[0]}`](#memtiles-{page.split()[0]})" in overview
        for action in one._actions:
            if isinstance(action, argparse._HelpAction):
                continue
            for name in action.option_strings or [str(action.metavar)]:
                assert re.search(rf"^\* `[^`]*{re.escape(name)}\b", page, re.MULTILINE), name


def test_links_lead_somewhere(manual: str) -> None:
    headings = re.findall(r"^#+ (.*)$", manual, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", manual)) <= anchors


def test_markup_is_closed(manual: str) -> None:
    outside = re.sub(r"^```.*?^```$", "", manual, flags=re.MULTILINE | re.DOTALL)
    for line in outside.splitlines():
        if not line.startswith("    "):
            assert line.count("`") % 2 == 0, line


def test_no_prose_becomes_html(manual: str) -> None:
    outside = re.sub(r"^```.*?^```$|^    .*$", "", manual, flags=re.MULTILINE | re.DOTALL)
    bare = re.sub("`[^`]*`|<!--.*-->", "", outside)
    assert not re.search(r"(?<!\\)[<>]", bare)

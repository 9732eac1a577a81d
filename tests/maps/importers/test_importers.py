"""The registry of map importers, on short texts written here."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from memtiles.errors import DumpError, LimitError, UsageError
from memtiles.maps import importers
from memtiles.maps.importers import read_map
from memtiles.memory.span import Span

LM = "start    end        module name\n00400000 00410000   app        (deferred)\n"


@pytest.fixture
def lm(tmp_path: Path) -> Path:
    path = tmp_path / "lm.txt"
    path.write_text(LM)
    return path


def test_importers_are_found_by_listing_the_folder() -> None:
    assert {"csv", "lm", "proc-maps"} <= set(importers.importers())


def test_auto_goes_by_the_contents(lm: Path) -> None:
    assert [module.name for module in read_map(lm).modules] == ["app"]


def test_every_module_is_covered_by_mappings(lm: Path) -> None:
    read = read_map(lm)
    assert [mapping.span for mapping in read.mappings] == [read.modules[0].span]


def test_a_named_format_is_taken(lm: Path) -> None:
    with pytest.raises(DumpError, match=r"lm\.txt:1: "):
        read_map(lm, format="proc-maps")


def test_an_unknown_format_lists_the_known_ones(lm: Path) -> None:
    with pytest.raises(UsageError, match=r"'vad': write auto or one of .*csv, .*lm"):
        read_map(lm, format="vad")


def test_an_unrecognised_text(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello\n")
    with pytest.raises(DumpError, match=r"x\.txt: not recognised as a map"):
        read_map(tmp_path / "x.txt")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_encodings_of_windows(tmp_path: Path, encoding: str) -> None:
    """PowerShell's `>` writes UTF-16."""
    (tmp_path / "lm.txt").write_bytes(LM.replace("\n", "\r\n").encode(encoding))
    assert len(read_map(tmp_path / "lm.txt").modules) == 1


def test_a_packed_map(tmp_path: Path) -> None:
    (tmp_path / "lm.txt.gz").write_bytes(gzip.compress(LM.encode()))
    assert len(read_map(tmp_path / "lm.txt.gz").modules) == 1


@pytest.mark.parametrize("rebase", [0x10000, -0x10000])
def test_rebase_is_added_to_every_address(lm: Path, rebase: int) -> None:
    read = read_map(lm, rebase=rebase)
    assert read.modules[0].span == read.mappings[0].span == Span(0x400000 + rebase, 0x10000)


@pytest.mark.parametrize("rebase", [-0x400001, (1 << 64) - 0x400000])
def test_rebase_may_not_leave_the_address_space(lm: Path, rebase: int) -> None:
    with pytest.raises(UsageError, match="out of the 64-bit address space"):
        read_map(lm, rebase=rebase)


def test_a_text_that_is_too_large(lm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importers, "TEXT_LIMIT", 10)
    with pytest.raises(LimitError, match="more than 10 bytes"):
        read_map(lm)

"""The registry of map importers, on short texts written here."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from builders.maps import DLLLIST, MODULES, TEXTS, memprocfs_modules, volatility_json
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
    with pytest.raises(DumpError, match=r"lm\.txt: holds no row of a map of format proc-maps"):
        read_map(lm, format="proc-maps")


@pytest.mark.parametrize("name", TEXTS)
def test_exactly_one_importer_takes_a_text(name: str) -> None:
    format, text = TEXTS[name]
    takers = [known.name for known in importers.importers().values() if known.sniff(text)]
    assert takers == [format]


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_has_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / "map.txt").write_text(TEXTS[name][1])
    read = read_map(tmp_path / "map.txt", pid=1234 if "dlllist" in name else None)
    assert read.mappings == tuple(sorted(read.mappings, key=lambda mapping: mapping.span))
    for module in read.modules:
        pieces = [each.span for each in read.mappings if module.span.covers(each.span)]
        assert pieces[0].start == module.span.start


@pytest.mark.parametrize("name", TEXTS)
def test_windows_line_ends_change_nothing(tmp_path: Path, name: str) -> None:
    text = TEXTS[name][1]
    (tmp_path / "map.txt").write_text(text, newline="\n")
    pid = 1234 if "dlllist" in name else None
    read = read_map(tmp_path / "map.txt", pid=pid)
    (tmp_path / "map.txt").write_text(text, newline="\r\n")
    assert read_map(tmp_path / "map.txt", pid=pid) == read


def write(folder: Path, text: str) -> Path:
    (folder / "map.txt").write_text(text)
    return folder / "map.txt"


def test_pid_selects_a_process(tmp_path: Path) -> None:
    path = write(tmp_path, volatility_json(DLLLIST))
    read = read_map(path, pid=88)
    assert [module.name for module in read.modules] == ["smss.exe"]
    assert read.process == 88


def test_several_processes_need_a_pid(tmp_path: Path) -> None:
    path = write(tmp_path, volatility_json(DLLLIST))
    with pytest.raises(UsageError, match=r"map\.txt: tells of several .* with pid: 88, 1234$"):
        read_map(path)
    with pytest.raises(UsageError, match=r"map\.txt: has no process 7; it tells of 88, 1234$"):
        read_map(path, pid=7)


def test_a_hundred_processes_are_not_all_named(tmp_path: Path) -> None:
    rows = [(pid, 0x400000, 0x1000, False, "app.exe") for pid in range(100)]
    with pytest.raises(UsageError, match=r"18, 19 and 80 more$"):
        read_map(write(tmp_path, memprocfs_modules(rows)))


@pytest.mark.parametrize("text", [LM, volatility_json(MODULES)])
def test_a_pid_for_a_map_that_tells_of_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"map\.txt: does not tell processes apart; remove pid"):
        read_map(write(tmp_path, text), pid=4)


def test_kernel_addresses_are_no_process_s_own(tmp_path: Path) -> None:
    """MemProcFS lists drivers as modules of process 4; the tables of any process map them."""
    rows = [
        (4, 0xFFFFF800_00800000, 0x5E000, False, "hal.dll"),
        (88, 0x7FF6_00000000, 0x5000, False, "smss.exe"),
    ]
    path = write(tmp_path, memprocfs_modules(rows))
    assert read_map(path, pid=4).process is None
    assert read_map(path, pid=88).process == 88


def test_a_map_without_rows_says_why(tmp_path: Path) -> None:
    text = "start end module name\n00400000 00400000 app\n"
    with pytest.raises(
        DumpError, match=r"no row of a map of format lm \(map\.txt:2: 'app' is empty"
    ):
        read_map(write(tmp_path, text))


def test_warnings_have_an_end(tmp_path: Path) -> None:
    rows = "00400000 00400000 app\n" * 200
    read = read_map(write(tmp_path, f"start end module name\n{rows}00400000 00401000 app\n"))
    assert len(read.warnings) == 101
    assert read.warnings[-1] == "map.txt: and 100 more such lines"


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

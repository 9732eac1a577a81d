"""CSV maps written here."""

from __future__ import annotations

from pathlib import Path

import pytest

from memtiles.errors import DumpError
from memtiles.maps.importers import read_map
from memtiles.memory.dump import Module
from memtiles.memory.span import Span


def write(folder: Path, text: str) -> Path:
    path = folder / "map.csv"
    path.write_text(text)
    return path


def test_rows_are_modules_with_exclusive_ends(tmp_path: Path) -> None:
    text = 'name,start,end\n"b, c",fffff800`00800000,fffff800`0085e000\r\na,0x400000,0x401000\n'
    assert read_map(write(tmp_path, text)).modules == (
        Module("a", "a", Span(0x400000, 0x1000)),
        Module("b, c", "b, c", Span(0xFFFFF80000800000, 0x5E000)),
    )


def test_columns_in_any_order_and_others_between(tmp_path: Path) -> None:
    path = write(tmp_path, "\n End ,size,START,Name\n401000,1000,400000,C:\\x\\app.exe\n\n")
    (module,) = read_map(path).modules
    assert (module.name, module.path) == ("app.exe", "C:\\x\\app.exe")
    assert module.span == Span(0x400000, 0x1000)


def test_without_names_of_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "a,0x1000,0x2000\n")
    assert read_map(path, format="csv").modules == (Module("a", "a", Span(0x1000, 0x1000)),)
    with pytest.raises(DumpError, match="not recognised"):
        read_map(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,0x1000", "2 cells, but name, start and end are needed"),
        ("a,0x1000,0x1000", "not a span"),
        ("a,0x2000,0x1000", "not a span"),
        ("a,hello,0x1000", "hello"),
        ("a,0x1000,0x10000000000000001", "0x10000000000000001"),
        ("a,0x10000000000000000,0x10000000000000000", "0x10000000000000000"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: str, message: str) -> None:
    path = write(tmp_path, f"name,start,end\nx,1000,2000\n{row}\n")
    with pytest.raises(DumpError, match=rf"map\.csv:3: .*{message}"):
        read_map(path)


@pytest.mark.parametrize("end", ["0x10000000000000000", "1`00000000`00000000"])
def test_the_last_address(tmp_path: Path, end: str) -> None:
    (module,) = read_map(write(tmp_path, f"name,start,end\na,fffffffffffff000,{end}\n")).modules
    assert module.span == Span(0xFFFF_FFFF_FFFF_F000, 0x1000)


def test_a_cell_without_end(tmp_path: Path) -> None:
    path = write(tmp_path, "name,start,end\n" + '"' + "a" * 200_000)
    with pytest.raises(DumpError, match="not a CSV row"):
        read_map(path)

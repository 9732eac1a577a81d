"""Maps that were damaged at random: a result or one line that says why not, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.maps import TEXTS
from fuzzing import fuzz
from memtiles.errors import MemtilesError
from memtiles.maps.importers import ImportedMap, importers, read_map
from memtiles.memory.span import ADDRESS_LIMIT

PIECES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["0x", "`", "\n", "\t", " ", '"', "[", "{", "|", "-", "\0", "\x1c", "\r"]),
    st.sampled_from(
        ["0", "f" * 16, "1" + "0" * 16, "9" * 30, "NaN", "null", "-1", "PAGE_", "MEM_"]
    ),
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 20), PIECES, st.integers(1, 3)), max_size=6
)


def damaged(text: str, edits: list[tuple[float, int, str, int]]) -> str:
    """The text with pieces cut out and put in, each at a place between its two ends."""
    for place, cut, piece, times in edits:
        at = int(place * len(text))
        text = text[:at] + piece * times + text[at + cut :]
    return text


def try_to_read(path: Path, format: str, pid: int | None) -> ImportedMap | None:
    try:
        return read_map(path, format, 0, pid)
    except MemtilesError as error:
        message = str(error)
    assert "\n" not in message
    return None


def check(text: str, format: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "map.txt")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        for chosen in (format, "auto"):
            for pid in (None, 1234):
                if (read := try_to_read(path, chosen, pid)) is not None:
                    sound(read)


def sound(read: ImportedMap) -> None:
    assert read.mappings
    spans = [mapping.span for mapping in read.mappings] + [module.span for module in read.modules]
    assert all(span.end <= ADDRESS_LIMIT for span in spans)
    assert all(module.name for module in read.modules)
    assert all("\n" not in warning for warning in read.warnings)
    assert list(read.mappings) == sorted(read.mappings, key=lambda mapping: mapping.span)


@pytest.mark.parametrize("name", TEXTS)
@fuzz(30)
@given(edits=EDITS)
def test_a_damaged_text(name: str, edits: list[tuple[float, int, str, int]]) -> None:
    format, text = TEXTS[name]
    check(damaged(text, edits), format)


@pytest.mark.parametrize("format", importers())
@fuzz(30)
@given(text=st.text(max_size=200))
def test_any_text(format: str, text: str) -> None:
    check(text, format)


@pytest.mark.parametrize("name", ["lmv", "address-32", "gdb-old", "volatility-vadinfo-csv"])
def test_a_text_that_ends_anywhere(tmp_path: Path, name: str) -> None:
    format, text = TEXTS[name]
    path = tmp_path / "map.txt"
    for end in range(len(text)):
        path.write_text(text[:end])
        if (read := try_to_read(path, format, None)) is not None:
            sound(read)


@pytest.mark.parametrize("format", importers())
@pytest.mark.parametrize(
    "piece",
    [
        " ",
        "0",
        "f",
        "`",
        "\t",
        "|",
        "[",
        "{",
        '"',
        "a,",
        "-",
        "0x0 ",
        "0`0 ",
        "PAGE_A|",
        "[ ",
        "\\",
    ],
)
def test_a_line_of_a_mebibyte(tmp_path: Path, format: str, piece: str) -> None:
    """Nothing that is tried on it may take the square of its length: that would be days."""
    heads = ["", "00400000 00410000 ", "+ 0 1 1 MEM_COMMIT PAGE_", "0x0 0x0 0x0 0x0 "]
    path = tmp_path / "map.txt"
    long = piece * ((1 << 20) // len(piece))
    path.write_text("".join(f"{head}{long}\n" for head in heads))
    try_to_read(path, format, None)
    importers()[format].sniff(path.read_text())

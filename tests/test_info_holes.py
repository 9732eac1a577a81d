"""What `info` says is missing from a machine's memory, and why; the dump is laid out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.windows_crash import full_dump
from builders.windows_kernel import PAGE, VALID, WRITABLE, WindowsMemory
from memtiles.cli import run

START = 0xFFFFF80000800000
NOT_STORED = 0x7000  # the number of a page that the dump does not hold


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Six pages: present, present, in the page file, beyond the dump, not mapped, present."""
    memory = WindowsMemory()
    for number in (0, 1, 5):
        memory.map(START + number * PAGE)
    memory.set_entry(START + 2 * PAGE, 0x0000_1234_0000_0080)
    memory.set_entry(START + 3 * PAGE, NOT_STORED * PAGE | VALID | WRITABLE)
    path = tmp_path / "MEMORY.DMP"
    path.write_bytes(full_dump(memory.stored(), cr3=memory.root))
    return path


def test_missing_bytes_are_told_by_reason(dump: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(dump), "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    virtual, physical = info["spaces"]
    assert virtual == {
        "name": "virtual",
        "size": hex(5 * PAGE),  # the page that is not mapped is in no region
        "present": 3 * PAGE,
        "missing": {"paged out": PAGE, "not in the file": PAGE},
    }
    assert physical["name"] == "physical"
    assert [(row["present"], row["missing"]) for row in info["regions"]] == [
        (2 * PAGE, {"paged out": PAGE, "not in the file": PAGE}),
        (PAGE, {}),
    ]
    assert run(["info", str(dump)]) == 0
    told = capsys.readouterr().out
    assert "are in the dump; 4,096 paged out; 4,096 not in the file\n" in told


def test_an_extract_says_why_bytes_are_missing(
    dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.bin"
    assert run(["extract", str(dump), str(out), "--range", f"{START:#x}+{6 * PAGE:#x}"]) == 0
    assert (
        "12,288 in holes (4,096 not mapped, 4,096 paged out, 4,096 not in the file)"
        in capsys.readouterr().out
    )
    there = f"{START + 4 * PAGE:#x}+{PAGE:#x}"
    assert run(["extract", str(dump), str(out), "--range", there, "--force"]) == 3
    assert "is in the dump (not mapped)" in capsys.readouterr().err

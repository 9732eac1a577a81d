"""Real dumps that stand beside the checkout; tests that need one are skipped where it is absent."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

ELF_CORES = [
    "rz_core-linux-x86_64",
    "rz_core-linux-x86",
    "rz_core-linux-arm64",
    "rz_core-linux-s390x",
    "pyelf_core_linux64.elf",
    "pyelf_core_linux32.elf",
    "elfutils_backtrace.x86_64.fp.core.xz",
    "dotnet_triagedump.xz",
    "gen_tiny4M.elf.xz",
    "gen_tiny4M_paging.elf.xz",
    "gen_qemu_linux61_80M.elf.xz",
]
"""Those that hold memory."""

_FOLDER = Path(__file__).resolve().parents[2] / ".." / "shared" / "dumps"


def sample(name: str) -> Path:
    """The path of a real dump, or a skip that names it."""
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"the real dump {name} is not beside this checkout (../shared/dumps)")
    return path


def manifest() -> dict[str, dict[str, str]]:
    """The rows of manifest.tsv by file name."""
    with sample("manifest.tsv").open(newline="") as lines:
        return {row["file"]: row for row in csv.DictReader(lines, delimiter="\t")}

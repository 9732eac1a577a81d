"""Real cores: those beside the checkout, held against pyelftools and manifest.tsv, and fresh ones
that gdb's gcore and the kernel make of a Python process, held against what that process says."""

from __future__ import annotations

import contextlib
import io
import lzma
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from builders.samples import manifest, sample
from memtiles.memory.dump import Dump, Kind
from memtiles.memory.formats import open_dump
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

PROCESSES = [
    "rz_core-linux-x86_64",
    "rz_core-linux-x86",
    "rz_core-linux-arm64",
    "rz_core-linux-s390x",
    "lldb_x86-64-freebsd.core",
    "elfutils_backtrace.x86_64.fp.core.xz",
    "pyelf_core_linux64.elf",
    "pyelf_core_linux32.elf",
    "dotnet_triagedump.xz",
]
GUESTS = ["gen_tiny4M.elf.xz", "gen_tiny4M_paging.elf.xz"]


def contents_of(path: Path) -> bytes:
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def loads_of(core: Any) -> list[Any]:
    return [segment for segment in core.iter_segments() if segment["p_type"] == "PT_LOAD"]


def files_of(core: Any) -> list[tuple[int, int, str]]:
    rows = []
    for segment in core.iter_segments():
        if segment["p_type"] == "PT_NOTE":
            for note in segment.iter_notes():
                if note["n_type"] == "NT_FILE":
                    desc = note["n_desc"]
                    for row, name in zip(desc["Elf_Nt_File_Entry"], desc["filename"], strict=True):
                        rows.append((row["vm_start"], row["vm_end"], name.decode()))
    return rows


@pytest.mark.parametrize("name", PROCESSES + GUESTS)
def test_segments_are_those_that_pyelftools_finds(name: str) -> None:
    path = sample(name)
    contents = contents_of(path)
    core = ELFFile(io.BytesIO(contents))
    loads = loads_of(core)
    ranges = manifest()[name]["ranges"].split()
    assert not ranges or len(loads) == int(ranges[0]), "manifest.tsv counts the segments"
    with open_dump(path) as dump:
        assert dump.size == len(contents) == int(manifest()[name]["unpacked_bytes"])
        assert dump.address_bits == core.elfclass
        assert dump.machine == {
            "EM_X86_64": "x86-64", "EM_386": "x86", "EM_AARCH64": "aarch64", "EM_S390": "s390x"
        }[core["e_machine"]]  # fmt: skip
        physical = dump.space(SpaceKind.PHYSICAL)
        assert (physical is not None) == (name in GUESTS)
        space = physical or dump.spaces[0]
        for load in loads:
            if not load["p_memsz"]:
                continue
            start = load["p_paddr" if physical else "p_vaddr"]
            stored = contents[load["p_offset"] : load["p_offset"] + load["p_filesz"]]
            wanted = min(load["p_memsz"], len(stored) + 4096)
            memory = space.read(Span(start, wanted))
            assert memory.data[: len(stored)].tobytes() == stored
            assert memory.runs.clip(0, len(stored)).total == len(stored)
        if "paging" not in name:  # there, several addresses share the same bytes of the file
            everything = space.runs(Span(0, (1 << 64) - 1)).total
            in_file = [
                max(0, min(load["p_filesz"], len(contents) - load["p_offset"])) for load in loads
            ]
            assert everything == sum(in_file)


@pytest.mark.parametrize("name", PROCESSES)
def test_files_are_those_that_pyelftools_finds(name: str) -> None:
    path = sample(name)
    rows = files_of(ELFFile(io.BytesIO(contents_of(path))))
    with open_dump(path) as dump:
        for start, end, file in rows:
            inside = [m for m in dump.mappings if start <= m.span.start and m.span.end <= end]
            assert {mapping.name for mapping in inside} == {file}
            assert sum(mapping.span.size for mapping in inside) == end - start
        assert {m.name for m in dump.mappings if m.name} == {file for *_, file in rows}
        assert {module.path for module in dump.modules} <= {file for *_, file in rows}
        for module in dump.modules:
            owned = [m for m in dump.mappings if module.span.covers(m.span)]
            assert all(mapping.kind is Kind.MODULE for mapping in owned)


def test_the_libraries_of_a_real_core() -> None:
    """A crashed C program: the program, libc and the loader, each mapped in pieces."""
    with open_dump(sample("rz_core-linux-x86_64")) as dump:
        assert len(dump.modules) == 3
        assert dump.modules[1].name.startswith("libc")
        assert dump.modules[2].name.startswith("ld")


def test_the_freebsd_core_was_cut() -> None:
    with open_dump(sample("lldb_x86-64-freebsd.core")) as dump:
        assert "26 of 26 segments reach past its end" in dump.warnings[0]


PATTERN = bytes((i * 31 + i // 256) % 256 for i in range(100_000))
PROGRAM = """
import ctypes, os, resource, sys
data = bytearray((i * 31 + i // 256) % 256 for i in range(100_000))
address = ctypes.addressof((ctypes.c_char * len(data)).from_buffer(data))
print(os.getpid(), address, flush=True)
if sys.argv[1] == "abort":
    resource.setrlimit(resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)[1:] * 2)
    os.abort()
sys.stdin.read()
"""


@contextlib.contextmanager
def program(folder: Path, mode: str) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, mode],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    try:
        pid, address = map(int, child.stdout.readline().split())
        yield child, pid, address
    finally:
        child.kill()
        child.communicate()


def holds_the_pattern(dump: Dump, address: int) -> None:
    memory = dump.spaces[0].read(Span(address, len(PATTERN)))
    assert memory.runs.is_whole(len(PATTERN))
    assert memory.data.tobytes() == PATTERN
    assert dump.warnings == ()
    assert any(re.match(r"python|libpython", module.name) for module in dump.modules)
    assert any(module.name.startswith("libc.") for module in dump.modules)


@pytest.mark.skipif(not shutil.which("gcore"), reason="gdb's gcore is not installed")
def test_a_core_by_gcore(tmp_path: Path) -> None:
    with program(tmp_path, "wait") as (_, pid, address):
        done = subprocess.run(
            ["gcore", "-o", str(tmp_path / "core"), str(pid)], capture_output=True, text=True
        )
        path = tmp_path / f"core.{pid}"
        if not path.exists():
            pytest.skip(f"gcore may not read a process here: {done.stderr.strip()[-200:]}")
        with open_dump(path) as dump:
            holds_the_pattern(dump, address)


@pytest.mark.skipif(sys.platform != "linux", reason="core_pattern is Linux's")
def test_a_core_by_abort(tmp_path: Path) -> None:
    with program(tmp_path, "abort") as (child, _, address):
        child.wait(30)
    cores = list(tmp_path.glob("core*"))
    if not cores:
        pytest.skip("the system writes no core here (core_pattern, or a limit)")
    with open_dump(cores[0]) as dump:
        holds_the_pattern(dump, address)

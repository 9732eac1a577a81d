"""The header of a Windows crash dump: what the machine was, and where its tables and memory are.

The fields are those of DUMP_HEADER64 and DUMP_HEADER32 of mindumpdef.h in the Windows SDK; the real
headers in the tests agree. Windows fills what it does not set with "PAGE", so that nothing is known
of a field that holds it.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.files.source import FileSource
from memtiles.memory.overlap import Addresses
from memtiles.memory.windows.machines import MACHINES

MAGIC_64 = b"PAGEDU64"
MAGIC_32 = b"PAGEDUMP"

DUMP_FULL = 1
DUMP_SUMMARY = 2
DUMP_TRIAGE = 4
DUMP_COMPLETE = 0xA

PAGE_SIZE = 4096

# MajorVersion is no version: 0xf says that Windows was built without checks, 0xc with them.
_BUILT = (0xF, 0xC)
# Builds that were released. From 10240 on all are of version 10.0, those of Windows 11 too.
_VERSIONS = {
    1381: "4.0",
    2195: "5.0",
    2600: "5.1",
    3790: "5.2",
    **dict.fromkeys(range(6000, 6004), "6.0"),
    **dict.fromkeys((7600, 7601), "6.1"),
    9200: "6.2",
    9600: "6.3",
}
_FIRST_OF_10 = 10240

_FILLER = int.from_bytes(b"PAGE" * 2, "little")
_FILLER_32 = int.from_bytes(b"PAGE", "little")


class _Layout(NamedTuple):
    """Where fields stand; pointers are as wide as the machine's addresses."""

    size: int
    pointers_at: int  # DirectoryTableBase, PfnDataBase, PsLoadedModuleList
    pointers: str
    machine_at: int
    runs_at: int
    run: np.dtype[np.void]
    runs_end: int
    type_at: int


_LAYOUTS = {
    64: _Layout(
        size=0x2000,
        pointers_at=0x10,
        pointers="<QQQ",
        machine_at=0x30,
        runs_at=0x88,
        run=np.dtype([("first", "<u8"), ("count", "<u8")]),
        runs_end=0x348,
        type_at=0xF98,
    ),
    32: _Layout(
        size=0x1000,
        pointers_at=0x10,
        pointers="<III",
        machine_at=0x20,
        runs_at=0x64,
        run=np.dtype([("first", "<u4"), ("count", "<u4")]),
        runs_end=0x320,
        type_at=0xF88,
    ),
}
_PAE_AT = 0x5C


class CrashHeader(NamedTuple):
    """What the header says.

    Attributes:
        bits: 64 or 32.
        size: Its bytes; what belongs to the type of dump follows.
        dump_type: DUMP_FULL, DUMP_TRIAGE, or a number that is of no use: the signature of what
            follows says more.
        cr3: DirectoryTableBase as it stands there; None where it is not set.
        has_pae: Whether the page tables are those of PAE.
        module_list: Address of PsLoadedModuleList; None where it is not set.
        machine: The processor, or None for one that is not known.
        system: The system and its version.
        firsts: First page of each run of physical memory.
        counts: Pages of each run.
        claimed_runs: How many runs there should be; None where none are told.
    """

    bits: int
    size: int
    dump_type: int
    cr3: int | None
    has_pae: bool
    module_list: int | None
    machine: str | None
    system: str
    firsts: Addresses
    counts: Addresses
    claimed_runs: int | None


def crash_header(source: FileSource) -> CrashHeader:
    """Reads the header.

    Raises:
        DumpError: It is not one, or is cut off before the type of the dump.
    """
    bits = {MAGIC_64: 64, MAGIC_32: 32}.get(source.read(0, 8))
    if bits is None:
        raise DumpError(
            f"{source.name}: not a Windows crash dump: no PAGEDU64 or PAGEDUMP begins it"
        )
    layout = _LAYOUTS[bits]
    data = source.read(0, layout.size)
    if len(data) < layout.type_at + 4:
        raise DumpError(
            f"{source.name}: the crash dump is cut inside its header of {layout.size} bytes"
        )
    major, build = struct.unpack_from("<II", data, 8)
    cr3, _, module_list = struct.unpack_from(layout.pointers, data, layout.pointers_at)
    (machine,) = struct.unpack_from("<I", data, layout.machine_at)
    (dump_type,) = struct.unpack_from("<I", data, layout.type_at)
    firsts, counts, claimed = _runs(data, layout)
    return CrashHeader(
        bits,
        layout.size,
        # Windows NT 4 knew only full dumps and did not say so.
        DUMP_FULL if dump_type == _FILLER_32 else dump_type,
        _set(cr3, bits),
        bits == 32 and _has_pae(data[_PAE_AT], cr3),
        _set(module_list, bits),
        MACHINES.get(machine),
        _system(major, build),
        firsts,
        counts,
        claimed,
    )


def _runs(data: bytes, layout: _Layout) -> tuple[Addresses, Addresses, int | None]:
    """The runs of PhysicalMemoryBlock, and how many there should be.

    It has room for 43 runs, or 86 in 32 bits, whatever their number says.
    """
    (claimed,) = struct.unpack_from("<I", data, layout.runs_at)
    at = layout.runs_at + layout.run.itemsize  # their number and that of all pages come first
    room = (layout.runs_end - at) // layout.run.itemsize
    is_set = claimed != _FILLER_32
    count = min(claimed, room) if is_set else 0
    rows = np.frombuffer(data, layout.run, count, at)
    return (
        rows["first"].astype(np.uint64),
        rows["count"].astype(np.uint64),
        claimed if is_set else None,
    )


def _has_pae(flag: int, cr3: int) -> bool:
    """Whether a 32-bit machine used PAE.

    Windows 2000 does not set the flag. Only a table of PAE begins inside a page.
    """
    return flag == 1 or bool(cr3 & 0xFE0)


def _set(field: int, bits: int) -> int | None:
    return None if field in (0, _FILLER if bits == 64 else _FILLER_32) else field


def _system(major: int, build: int) -> str:
    """The version as `ver` says it; LiveKD writes that of Windows 8, whatever runs."""
    if major not in _BUILT or not 0 < build < 1 << 16:
        return "Windows"
    version = "10.0" if build >= _FIRST_OF_10 else _VERSIONS.get(build)
    return f"Windows {version}.{build}" if version else f"Windows, build {build}"

"""The system that a minidump is of: processor, operating system, width of addresses."""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

import numpy as np

from memtiles.memory.minidump.streams import Streams, StreamType
from memtiles.memory.overlap import Addresses

# PROCESSOR_ARCHITECTURE_* of winnt.h; from 0x8001 on breakpad's and crashpad's own.
_MACHINES: dict[int, tuple[str, Literal[32, 64]]] = {
    0: ("x86", 32), 1: ("mips", 32), 2: ("alpha", 32), 3: ("ppc", 32), 4: ("sh", 32),
    5: ("arm", 32), 6: ("ia64", 64), 7: ("alpha", 64), 9: ("x86-64", 64), 10: ("x86", 32),
    12: ("aarch64", 64), 13: ("arm", 32), 14: ("x86", 32),
    0x8001: ("sparc", 32), 0x8002: ("ppc64", 64), 0x8003: ("aarch64", 64), 0x8004: ("mips", 64),
    0x8005: ("riscv", 32), 0x8006: ("riscv", 64),
}  # fmt: skip

_UNKNOWN: tuple[None, Literal[64]] = (None, 64)

# VER_PLATFORM_* of winnt.h and breakpad's MDOSPlatform.
_SYSTEMS = {
    0: "Windows", 1: "Windows", 2: "Windows", 3: "Windows CE", 0x8000: "Unix",
    0x8101: "macOS", 0x8102: "iOS", 0x8201: "Linux", 0x8202: "Solaris", 0x8203: "Android",
    0x8204: "PlayStation 3", 0x8205: "NaCl", 0x8206: "Fuchsia",
}  # fmt: skip


class System(NamedTuple):
    """What `MINIDUMP_SYSTEM_INFO` says; a WOW64 process is one of 64 bits if its dump says so."""

    machine: str | None = None
    name: str | None = None
    bits: Literal[32, 64] = 64

    def addresses(self, values: Addresses) -> Addresses:
        """Addresses as the process has them.

        Debuggers keep 32-bit addresses sign-extended, and some write them so: 0x80001000 as
        0xffffffff80001000. Taken as they stand, a module and the memory of it lie 2^64 apart where
        only one of the two lists was written so.
        """
        if self.bits == 64:
            return values
        low = values & np.uint64(0xFFFF_FFFF)
        return np.where(values >= np.uint64(0xFFFF_FFFF_8000_0000), low, values)


def read_system(streams: Streams) -> System:
    """Reads the stream; where it is missing nothing is known, and addresses are 64 bits wide."""
    head = streams.head(StreamType.SYSTEM_INFO, 28)
    if not head:
        return System()
    (architecture,) = struct.unpack_from("<H", head)
    version = struct.unpack_from("<III", head, 8)
    platform, words_at = struct.unpack_from("<II", head, 20)
    machine, bits = _MACHINES.get(architecture, _UNKNOWN)
    name = _SYSTEMS.get(platform)
    if name and any(version):
        name += " " + ".".join(map(str, version))
    elif name == "Linux":
        # breakpad leaves the numbers 0 and writes what `uname -srvm` says instead.
        words = streams.string(words_at).split()
        if words[:1] == ["Linux"]:
            name = " ".join(words[:2])
    return System(machine, name, bits)

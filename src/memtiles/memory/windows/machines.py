"""Processors as Windows numbers them: `IMAGE_FILE_MACHINE_*` of winnt.h."""

from __future__ import annotations

MACHINES = {0x14C: "x86", 0x200: "ia64", 0x1C4: "arm", 0x8664: "x86-64", 0xAA64: "aarch64"}

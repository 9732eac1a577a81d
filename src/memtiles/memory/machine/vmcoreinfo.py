r"""VMCOREINFO: what a Linux kernel writes about itself for those who read its memory.

Lines such as `SYMBOL(swapper_pg_dir)=ffffffff82a10000`, see the kernel's
Documentation/admin-guide/kdump/vmcoreinfo.rst. Dumps may carry it as a note; in an image of
physical memory it lies somewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from memtiles.memory.extents import ExtentSpace
from memtiles.memory.paging.mode import PageTables, PagingMode
from memtiles.memory.paging.walk import walk
from memtiles.memory.span import ADDRESS_LIMIT, Span

_TEXT_LIMIT = 4096  # the kernel's VMCOREINFO_BYTES
_BEGIN = b"OSRELEASE="
_SIGN = b"\nSYMBOL(swapper_pg_dir)="
_BLOCK = 4 << 20
_TEXTS_LIMIT = 1024  # stated: memory that is full of such lines is no kernel's

# __START_KERNEL_map: where x86-64 maps the kernel's own image, before phys_base moves it.
_KERNEL_MAP = 0xFFFFFFFF80000000


def parse_vmcoreinfo(text: bytes) -> dict[str, str]:
    """The lines `KEY=VALUE`; anything else ends it, and the first of two equal keys counts."""
    found: dict[str, str] = {}
    for line in text[:_TEXT_LIMIT].partition(b"\0")[0].split(b"\n"):
        key, equals, value = line.partition(b"=")
        if not equals or not key.isascii() or not value.isascii():
            break
        found.setdefault(key.decode(), value.decode())
    return found


def linux_release(info: dict[str, str]) -> str | None:
    """What the kernel is, such as "Linux 6.1.0-56-cloud-amd64"."""
    release = info.get("OSRELEASE", "")
    return f"Linux {release}" if release.isprintable() and release else None


def linux_tables(info: dict[str, str]) -> PageTables | None:
    """The kernel's own page tables, on x86-64; None where the text does not tell them."""
    try:
        directory = int(info["SYMBOL(swapper_pg_dir)"], 16)
        moved = int(info["NUMBER(phys_base)"])
        levels = int(info.get("NUMBER(pgtable_l5_enabled)", "0"))
    except (KeyError, ValueError):
        return None
    root = directory - _KERNEL_MAP + moved
    # Nothing else has this symbol there: kernels of other processors have other maps.
    if not (_KERNEL_MAP <= directory < 1 << 64 and 0 <= root < 1 << 52):
        return None
    return PageTables.of_register(root, PagingMode.X64_5 if levels else PagingMode.X64)


def find_vmcoreinfo(physical: ExtentSpace) -> dict[str, str] | None:
    """Searches all of a machine's memory for VMCOREINFO whose page tables map themselves."""
    for text in islice(_texts(physical), _TEXTS_LIMIT):
        info = parse_vmcoreinfo(text)
        tables = linux_tables(info)
        # A machine may hold texts of kernels that ran before, or of its own guests.
        if tables is not None and _maps_itself(physical, tables, info):
            return info
    return None


def _maps_itself(physical: ExtentSpace, tables: PageTables, info: dict[str, str]) -> bool:
    directory = int(info["SYMBOL(swapper_pg_dir)"], 16)
    pages = walk(physical, tables, Span(directory, 1), limit=8).pages
    return bool(len(pages.physical)) and int(pages.physical[0]) == tables.root


def _texts(physical: ExtentSpace) -> Iterator[bytes]:
    """Everything that looks like it, from its first line on."""
    for start, size in physical.all_runs():
        tail = b""
        for offset in range(0, size, _BLOCK):
            block = Span(start + offset, min(_BLOCK, size - offset))
            data = tail + physical.read(block).data.tobytes()
            for begin in _beginnings(data):
                yield _whole_text(physical, block.start - len(tail) + begin)
            tail = data[-_TEXT_LIMIT:]


def _beginnings(data: bytes) -> Iterator[int]:
    """Where the first lines stand that have the line with the page tables behind them."""
    searched = 0
    at = data.find(_SIGN)
    while at >= 0:
        begin = data.rfind(_BEGIN, max(searched, at - _TEXT_LIMIT), at)
        if begin >= 0:
            yield begin
        searched = at
        at = data.find(_SIGN, at + 1)


def _whole_text(physical: ExtentSpace, address: int) -> bytes:
    span = Span(address, min(_TEXT_LIMIT, ADDRESS_LIMIT - address))
    return physical.read(span).data.tobytes()

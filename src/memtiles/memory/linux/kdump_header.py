"""The headers of a compressed kdump, and its table of pages.

makedumpfile's IMPLEMENTATION and diskdump_mod.h: header, sub-header, a bitmap of the pages that are
memory, one of those that are dumped, a descriptor for each of the latter, their packed bytes. The
numbers are those of the machine that was dumped, in its byte order and width.
"""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError, LimitError
from memtiles.memory.linux.flattened import SizedSource
from memtiles.memory.overlap import Addresses

KDUMP = b"KDUMP   "
DISKDUMP = b"DISKDUMP"

DESCRIPTOR_SIZE = 24

# A stated limit: 16 TiB of pages of 4 KiB.
_BITMAP_LIMIT = 512 << 20
_BITMAP_STEP = 8 << 20

_BLOCK_SIZES = frozenset(1 << bits for bits in range(12, 17))
_HEADER_SIZE = 464
# Where `status` stands: six strings of 65 bytes are followed by a `struct timeval` of two words.
_STATUS_AT = {64: 424, 32: 412}
_NARROW = ("arm", "i386", "i486", "i586", "i686", "mips", "parisc", "ppc", "s390", "sh4", "sparc")

_Layout = tuple[Literal["<", ">"], Literal[32, 64]]
_LAYOUTS: tuple[_Layout, ...] = (("<", 64), ("<", 32), (">", 64), (">", 32))


class KdumpHeader(NamedTuple):
    """What the main header and the sub-header say.

    Attributes:
        order: "<" or ">".
        bits: 32 or 64.
        system: "Linux 6.1.0", or "" where the writer did not know.
        machine: As `uname -m` writes it, or "".
        is_incomplete: Whether the writer ran out of room.
        block_size: Bytes of a page, and the unit of the next three.
        bitmap_at: Where the bitmaps begin, in bytes.
        bitmap_size: Bytes of both.
        pages: From which number on there are none, as the header says it.
        part: First page and end of what is in this file, where a dump was split into several.
        vmcoreinfo: Offset and size of the text, sizes of 0 where there is none.
        notes: Offset and size of the ELF notes.
    """

    order: Literal["<", ">"]
    bits: Literal[32, 64]
    system: str
    machine: str
    is_incomplete: bool
    block_size: int
    bitmap_at: int
    bitmap_size: int
    pages: int
    part: tuple[int, int] | None
    vmcoreinfo: tuple[int, int]
    notes: tuple[int, int]

    @property
    def descriptors_at(self) -> int:
        """Where the table of pages begins, in bytes."""
        return self.bitmap_at + self.bitmap_size


def read_at(source: SizedSource, offset: int, size: int) -> bytes:
    """Up to `size` bytes of a file."""
    data = bytearray(max(0, min(size, source.size - offset)))
    return bytes(data[: source.read_into(offset, memoryview(data))])


def kdump_header(source: SizedSource) -> KdumpHeader:
    """Reads both headers.

    Raises:
        DumpError: They are cut, damaged, or of a layout that is not known.
    """
    head = read_at(source, 0, _HEADER_SIZE)
    if len(head) < _HEADER_SIZE:
        raise DumpError(f"{source.name}: the dump is cut inside its header")
    order, bits = _layout(head, source.name)
    version = struct.unpack_from(order + "i", head, 8)[0]
    names = [_text(head[at : at + 65]) for at in range(12, 402, 65)]
    status, block_size, sub_blocks, bitmap_blocks, pages = struct.unpack_from(
        order + "IIIII", head, _STATUS_AT[bits]
    )
    # Diskdump, from which this format comes, has registers in its sub-header.
    sub = read_at(source, block_size, 104) if head.startswith(KDUMP) else b""
    part = _part(sub, order, bits, version)
    vmcoreinfo = notes = (0, 0)
    if bits == 64 and len(sub) >= 64:
        vmcoreinfo = struct.unpack_from(order + "qQ", sub, 32) if version >= 3 else (0, 0)
        notes = struct.unpack_from(order + "qQ", sub, 48) if version >= 4 else (0, 0)
    if bits == 64 and version >= 6 and len(sub) == 104:
        pages = struct.unpack_from(order + "Q", sub, 96)[0]
    return KdumpHeader(
        order,
        bits,
        f"{names[0]} {names[2]}".strip(),
        names[4],
        bool(status & 8),
        block_size,
        block_size * (1 + sub_blocks),
        block_size * bitmap_blocks,
        pages,
        part,
        vmcoreinfo,
        notes,
    )


def dumped_pages(
    source: SizedSource, header: KdumpHeader, held: int, warnings: list[str]
) -> Addresses:
    """The numbers of the pages that have a descriptor, ascending.

    Args:
        source: The file.
        header: Its header.
        held: How many descriptors the file can hold at most.
        warnings: Gets a line if there should be more.

    Raises:
        DumpError: The file ends before the bitmap does.
        LimitError: The bitmap is too large.
    """
    # The first bitmap says what is memory, the second what of it was dumped. Old diskdumps without
    # filter have one only; crash tells them apart by its size, too.
    needed = -(-header.pages // (8 * header.block_size)) * header.block_size
    is_double = header.bitmap_size >= 2 * needed
    size = header.bitmap_size // 2 if is_double else header.bitmap_size
    at = header.bitmap_at + (header.bitmap_size - size)
    if header.descriptors_at > source.size:
        raise DumpError(
            f"{source.name}: the bitmap of dumped pages ends at byte {header.descriptors_at}, "
            f"behind the end of the dump ({source.size}): the dump is cut or damaged"
        )
    if size > _BITMAP_LIMIT:
        raise LimitError(
            f"{source.name}: its bitmap of pages has {size} bytes; at most {_BITMAP_LIMIT} are read"
        )
    first, end = header.part or (0, 8 * size)
    found: list[Addresses] = []
    count = 0
    for start in range(0, size, _BITMAP_STEP):
        step = read_at(source, at + start, min(_BITMAP_STEP, size - start))
        numbers = _set_bits(step) + np.uint64(8 * start)
        numbers = numbers[(numbers >= first) & (numbers < end)]
        found.append(numbers[: held - count])
        if count + len(numbers) > held:
            warnings.append(
                f"the table of pages is cut short: the file has room for no more than {held} of "
                "them, the others are missing"
            )
            break
        count += len(numbers)
    return np.concatenate(found) if found else np.zeros(0, np.uint64)


def _set_bits(bitmap: bytes) -> npt.NDArray[np.uint64]:
    """Numbers of the bits that are 1, lowest bit of a byte first."""
    octets = np.frombuffer(bitmap, np.uint8)
    # Most of a bitmap is one value: only bytes with bits are looked into.
    filled = np.flatnonzero(octets)
    row, bit = np.nonzero(np.unpackbits(octets[filled, None], axis=1, bitorder="little"))
    return (filled[row] * 8 + bit).astype(np.uint64)


def _layout(head: bytes, name: str) -> _Layout:
    """Byte order and width: those that make sense of the numbers."""
    fitting = [layout for layout in _LAYOUTS if _makes_sense(head, *layout)]
    if not fitting:
        raise DumpError(
            f"{name}: a kdump whose header makes no sense: no page size of 4 to 64 KiB stands in "
            "it, neither with 32 nor with 64 bits"
        )
    # A 32-bit header can make sense as one of 64 bits, too, where the number of pages is a power
    # of two; then the machine's name decides.
    machine = _text(head[272:337])
    is_narrow = machine.startswith(_NARROW) and "64" not in machine
    return min(fitting, key=lambda layout: (layout[1] == 32) != is_narrow)


def _makes_sense(head: bytes, order: str, bits: int) -> bool:
    version = struct.unpack_from(order + "i", head, 8)[0]
    _, block_size, sub_blocks, bitmap_blocks = struct.unpack_from(
        order + "IIII", head, _STATUS_AT[bits]
    )
    return (
        0 <= version < 256
        and block_size in _BLOCK_SIZES
        and 0 < sub_blocks < 1 << 20
        and bitmap_blocks > 0
    )


def _part(sub: bytes, order: str, bits: int, version: int) -> tuple[int, int] | None:
    """The pages of this file, where `makedumpfile --split` wrote several."""
    if version < 2 or len(sub) < 104:
        return None
    split_at = 12 if bits == 64 else 8
    if struct.unpack_from(order + "i", sub, split_at)[0] == 0:
        return None
    if bits == 32:
        first, end = struct.unpack_from(order + "II", sub, 12)
    else:
        first, end = struct.unpack_from(order + "QQ", sub, 80 if version >= 6 else 16)
    return first, end


def _text(field: bytes) -> str:
    text = field.split(b"\0", 1)[0].decode("ascii", "replace")
    return text if text.isprintable() and text.isascii() else ""

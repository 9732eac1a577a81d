"""The notes of an ELF core: named records, of which one lists the mapped files."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from memtiles.memory.elf.ident import ElfIdent
from memtiles.memory.span import ADDRESS_LIMIT

NT_FILE = 0x46494C45  # "FILE"


class Note(NamedTuple):
    """One record: `name` without its NULs, and the bytes that it describes."""

    name: bytes
    type: int
    desc: bytes


class MappedFile(NamedTuple):
    """A row of NT_FILE: addresses `start .. end` hold `path` from byte `offset` on."""

    start: int
    end: int
    offset: int | None
    path: str


def notes(data: bytes, order: str, alignment: int) -> Iterator[Note]:
    """Walks the notes of one PT_NOTE segment; a record that is cut off ends it.

    Args:
        data: The segment.
        order: "<" or ">".
        alignment: `p_align` of the segment.
    """
    # Linux cores say 0, 1 or 4 and pad to 4. Only segments that say 8 pad to 8, the names too.
    pad = 8 if alignment == 8 else 4
    header = struct.Struct(order + "III")
    at = 0
    while at + header.size <= len(data):
        name_size, desc_size, type_ = header.unpack_from(data, at)
        # Records without a name or without contents occur (the 41 of a real core came from a
        # header field that other readers trust): they are skipped like any other unknown one.
        name_at = at + header.size
        desc_at = at + _padded(header.size + name_size, pad)
        if desc_at + desc_size > len(data):
            return
        name = data[name_at : name_at + name_size].rstrip(b"\0")
        yield Note(name, type_, data[desc_at : desc_at + desc_size])
        at = desc_at + _padded(desc_size, pad)


def mapped_files(desc: bytes, ident: ElfIdent) -> list[MappedFile] | None:
    """Reads an NT_FILE record; None where it promises more rows than it has bytes.

    The layout is that of Linux, fs/binfmt_elf.c, fill_files_note: count, page size, count rows of
    (start, end, offset in pages), all of the class's word size, then count NUL-ended paths.
    """
    word = np.dtype(f"{ident.order}u{ident.bits // 8}")
    if len(desc) < 2 * word.itemsize:
        return None
    count, page_size = np.frombuffer(desc, word, 2).tolist()
    names_at = (2 + 3 * count) * word.itemsize
    if names_at > len(desc):
        return None
    rows = np.frombuffer(desc, word, 3 * count, 2 * word.itemsize).reshape(-1, 3).tolist()
    paths = desc[names_at:].split(b"\0", count)[:count]
    paths += [b""] * (count - len(paths))  # cut off: the rows still stand, without their names
    return [
        MappedFile(start, end, _offset(pages * page_size), _text(path))
        for (start, end, pages), path in zip(rows, paths, strict=True)
        if start < end
    ]


def _padded(size: int, pad: int) -> int:
    return -(-size // pad) * pad


def _offset(offset: int) -> int | None:
    return offset if offset < ADDRESS_LIMIT else None


def _text(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")

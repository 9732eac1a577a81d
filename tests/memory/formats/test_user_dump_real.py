"""The real USERDU64 beside the checkout, held against a parser of a few lines that is only here."""

from __future__ import annotations

import lzma
import struct

import pytest

from builders.samples import manifest, sample
from memtiles.memory.dump import Kind
from memtiles.memory.formats import open_dump
from memtiles.memory.span import Span

NAME = "kdlib_targetapp_stacktest_x64_release.dmp.xz"


@pytest.fixture(scope="module")
def contents() -> bytes:
    return lzma.decompress(sample(NAME).read_bytes())


def regions(contents: bytes) -> list[tuple[int, bytes]]:
    """(address, bytes) of each region, in the order of the file."""
    (count,) = struct.unpack_from("<I", contents, 0x1C)
    data_at, table_at = struct.unpack_from("<QQ", contents, 0x30)
    rows = []
    for number in range(count):
        (base,) = struct.unpack_from("<Q", contents, table_at + 48 * number)
        (size,) = struct.unpack_from("<Q", contents, table_at + 48 * number + 24)
        rows.append((base, contents[data_at : data_at + size]))
        data_at += size
    return rows


def test_every_byte_of_every_region(contents: bytes) -> None:
    rows = regions(contents)
    with open_dump(sample(NAME)) as dump:
        space = dump.spaces[0]
        assert str(len(rows)) == manifest()[NAME]["ranges"]
        for base, data in rows:
            memory = space.read(Span(base, len(data)))
            assert memory.data.tobytes() == data
            assert memory.runs.is_whole(len(data))
        total = sum(space.runs(mapping.span).total for mapping in dump.mappings)
        assert total == sum(len(data) for _, data in rows)
        assert dump.warnings == ()


def test_what_it_tells(contents: bytes) -> None:
    with open_dump(sample(NAME)) as dump:
        assert (dump.format, dump.machine, dump.address_bits) == ("user-dump", "x86-64", 64)
        assert dump.system == "Windows 10.0.17134"
        # As the resources of its ntdll say.
        assert "10.0.17134.".encode("utf-16-le") in contents


def test_every_module_begins_with_its_mark() -> None:
    with open_dump(sample(NAME)) as dump:
        assert str(len(dump.modules)) == manifest()[NAME]["modules"]
        assert {"targetapp.exe", "ntdll.dll", "KERNEL32.DLL"} <= {m.name for m in dump.modules}
        for module in dump.modules:
            assert dump.spaces[0].read(Span(module.span.start, 2)).data.tobytes() == b"MZ"


def test_each_of_its_threads_has_a_stack() -> None:
    with open_dump(sample(NAME)) as dump:
        names = {mapping.name for mapping in dump.mappings if mapping.kind is Kind.STACK}
        assert names == {f"stack of thread {thread}" for thread in ("0x2098", "0x2f64", "0x1cf0")}


def test_its_heap() -> None:
    with open_dump(sample(NAME)) as dump:
        (heap,) = [mapping for mapping in dump.mappings if mapping.kind is Kind.HEAP]
        assert heap.name == f"heap {heap.span.start:#x}"
        signature = dump.spaces[0].read(Span(heap.span.start + 16, 4)).data.tobytes()
        assert signature == bytes.fromhex("eeffeeff")

"""What volatility3's layers read through page tables, and memtiles too."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from builders.page_tables import PAGE_SIZES, PageTables
from builders.samples import sample
from memory.machines import physical_memory
from memtiles.memory.formats import open_dump
from memtiles.memory.paging.mode import PageTables as Tables
from memtiles.memory.paging.mode import PagingMode
from memtiles.memory.paging.space import PagedSpace
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

PAGE, MIB = 4096, 1 << 20


def layer_of(image: bytes, root: int, mode: str) -> Any:
    """A layer of volatility3 over an image of physical memory."""
    pytest.importorskip("volatility3", reason="volatility3, the oracle, is not installed")
    from volatility3.framework import contexts
    from volatility3.framework.layers import intel, physical

    kind = {"x86": intel.Intel, "pae": intel.IntelPAE, "x64": intel.Intel32e}[mode]
    context = contexts.Context()
    context.add_layer(physical.BufferDataLayer(context, "bytes", "bytes", image))
    context.config["tables.memory_layer"] = "bytes"
    context.config["tables.page_map_offset"] = root
    layer = kind(context, "tables", "tables")
    context.add_layer(layer)
    return layer


def check(space: PagedSpace, layer: Any, spans: list[Span]) -> None:
    limit = 1 << (48 if layer.bits_per_register == 64 else 32)
    for span in spans:
        memory = space.read(span)
        start = span.start & limit - 1  # it knows the upper half without its sign
        assert memory.data.tobytes() == layer.read(start, span.size, pad=True)
        assert memory.runs.is_whole(span.size) == layer.is_valid(start, span.size)


@pytest.mark.parametrize("mode", ["x86", "pae", "x64"])
@pytest.mark.parametrize("seed", range(5))
def test_random_tables(mode: str, seed: int) -> None:
    chance = random.Random(seed)
    tables = PageTables(mode, MIB, base=MIB)
    top = 1 << (47 if mode == "x64" else 32)
    mapped = []
    for _ in range(60):
        size = chance.choice([size for size in PAGE_SIZES[mode] if size <= 4 * MIB])
        near = chance.choice(
            [0, 4 * MIB, top - 8 * MIB, chance.randrange(0, top - 8 * MIB, 4 * MIB)]
        )
        virtual = near + chance.randrange(0, 8 * MIB, size)
        try:
            tables.map(virtual, chance.randrange(0, 16 * MIB, size), size)
        except ValueError:  # taken
            continue
        mapped.append((virtual, size))
    image = bytearray(chance.randbytes(16 * MIB))
    image[MIB : 2 * MIB] = tables.memory
    space = PagedSpace(physical_memory({0: bytes(image)}), Tables(tables.root, PagingMode(mode)))
    spans = []
    for _ in range(300):
        virtual, size = chance.choice(mapped)
        start = max(0, virtual + chance.randrange(-3 * PAGE, size))
        spans.append(Span(start, min(chance.randrange(1, 3 * PAGE), top - start)))
    check(space, layer_of(bytes(image), tables.root, mode), spans)


@pytest.mark.parametrize(
    ("name", "size"), [("gen_tiny4M.elf.xz", 4 * MIB), ("gen_qemu_linux61_80M.elf.xz", 80 * MIB)]
)
def test_real_machines(name: str, size: int) -> None:
    with open_dump(sample(name)) as dump:
        space = dump.spaces[0]
        assert isinstance(space, PagedSpace)
        physical = dump.space(SpaceKind.PHYSICAL)
        assert physical is not None
        image = physical.read(Span(0, size)).data.tobytes()
        chance = random.Random(1)
        spans = []
        for mapping in dump.mappings:
            for _ in range(4):
                start = mapping.span.start + chance.randrange(mapping.span.size)
                some = Span(start, min(2 * PAGE, (1 << 64) - start))
                # The firmware above is not in the image that volatility3 is given.
                if all(is_below(space, page, size) for page in pages_of(some)):
                    spans.append(some)
        assert len(spans) > 30
        check(space, layer_of(image, space.tables.root, "x64"), spans)


def pages_of(span: Span) -> list[int]:
    return list(range(span.start & -PAGE, span.end, PAGE))


def is_below(space: PagedSpace, page: int, size: int) -> bool:
    found = space.walk_all().pages
    at = int(np.searchsorted(found.starts, np.uint64(page), side="right")) - 1
    if at < 0 or page >= int(found.starts[at]) + int(found.sizes[at]):
        return True  # not mapped
    return int(found.physical[at]) + page - int(found.starts[at]) < size

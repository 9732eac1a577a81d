"""Pointers, against a loop over words and regions."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.maps.region import Region
from memtiles.memory.dump import Kind
from memtiles.memory.span import Span
from memtiles.pictures.lens import Surroundings, ValueLens
from memtiles.pictures.lenses import lens
from memtiles.pictures.zoom import Foremost
from pictures.lenses.memories import Memory, memories, whole

POINTERS = lens("pointers")
assert isinstance(POINTERS, ValueLens)
assert isinstance(POINTERS.zoom, Foremost)
NONE = 1
FORMS = {("little", 64): "<Q", ("big", 64): ">Q", ("little", 32): "<I", ("big", 32): ">I"}
EVERYWHERE = [0, 0x1000, 0x400000, 0x7FFF_F000, 0xFFFF_F000]
HIGH = [0x5555_5555_4000, 0x7FFF_F7A0_0000, 0xFFFF_8880_0000_0000, 0xFFFF_FFFF_FFFF_F000]


def value_of(kind: Kind) -> int:
    """The value of a kind, seen by a word that points into such a region."""
    region = Region("r", kind, Span(0x40_0000, 0x1000))
    found = POINTERS.for_dump(Surroundings((region,))).values(*whole(struct.pack("<Q", 0x40_0123)))
    return int(found[0, 0])


KIND_VALUES = {kind: value_of(kind) for kind in Kind}


@st.composite
def surroundings(draw: st.DrawFn) -> Surroundings:
    order, bits = draw(st.sampled_from(list(FORMS)))
    bases = EVERYWHERE + (HIGH if bits == 64 else [])
    found: list[Region] = []
    for base in sorted(draw(st.sets(st.sampled_from(bases)))):
        at = base
        for size in draw(st.lists(st.sampled_from([1, 16, 0x100, 0xFFF]), max_size=4)):
            if at + size <= base + 0x1000 and (not found or found[-1].span.end <= at):
                kind = draw(st.sampled_from(list(Kind)))
                found.append(Region("r", kind, Span(at, size)))
            at += size + draw(st.sampled_from([0, 0, 1, 0x200]))
    return Surroundings(tuple(found), bits, order)


@st.composite
def pointed(draw: st.DrawFn) -> tuple[Surroundings, Memory]:
    """A dump's surroundings, and memory with words at the edges of its regions."""
    around = draw(surroundings())
    edges = {0, 1, 2**around.address_bits - 1}
    for region in around.regions:
        edges |= {region.span.start + by for by in (-1, 0, 1)}
        edges |= {region.span.end + by for by in (-2, -1, 0)}
    form = FORMS[around.byte_order, around.address_bits]
    words = st.sampled_from(sorted(e for e in edges if 0 <= e < 2**around.address_bits))
    run = st.lists(words, min_size=1, max_size=20)
    packed = run.map(lambda found: b"".join(struct.pack(form, word) for word in found))
    return around, draw(memories(packed))


def expected(around: Surroundings, memory: Memory) -> list[int]:
    size = around.address_bits // 8
    found = []
    there = memory.there
    form = FORMS[around.byte_order, around.address_bits]
    for number, (word,) in enumerate(struct.iter_unpack(form, memory.bytes)):
        value = NONE
        if all(there[number * size : (number + 1) * size]):
            for region in around.regions:
                if region.span.start <= word < region.span.end:
                    value = KIND_VALUES[region.kind]
        found += [value] * size
    return found


@settings(max_examples=80, deadline=None)
@given(pointed())
def test_each_word_has_the_kind_of_its_target(case: tuple[Surroundings, Memory]) -> None:
    around, memory = case
    bound = POINTERS.for_dump(around)
    assert bound.block == around.address_bits // 8
    found = bound.values(memory.data, memory.present)
    assert found.shape == memory.data.shape
    assert found.reshape(-1).tolist() == expected(around, memory)


def test_kinds_have_values_of_their_own_in_the_order_of_the_zoom() -> None:
    assert len({NONE, *KIND_VALUES.values()}) == 1 + len(Kind)
    assert set(POINTERS.zoom.order) == set(KIND_VALUES.values())
    assert POINTERS.zoom.filling == (NONE,)
    assert sorted(POINTERS.zoom.order, reverse=True) == list(POINTERS.zoom.order)
    assert min(POINTERS.zoom.order) > NONE


def test_without_a_dump_there_is_nothing_to_point_into() -> None:
    found = POINTERS.values(*whole(struct.pack("<Q", 0x7FFF_F7A0_0000)))
    assert set(found[0].tolist()) == {NONE}


def test_kernel_addresses_are_more_than_int64_holds() -> None:
    """0xffff8880… is negative as a signed word, and 2**64 is the end of the last region."""
    around = Surroundings(
        (
            Region("lowmem", Kind.KERNEL, Span(0xFFFF_8880_0000_0000, 1 << 30)),
            Region("top", Kind.MODULE, Span(2**64 - 4096, 4096)),
        )
    )
    words = [0xFFFF_8880_0000_0000, 0xFFFF_8880_3FFF_FFFF, 0xFFFF_8880_4000_0000, 2**64 - 1, 8]
    memory = whole(b"".join(struct.pack("<Q", word) for word in words))
    kernel, module = KIND_VALUES[Kind.KERNEL], KIND_VALUES[Kind.MODULE]
    found = POINTERS.for_dump(around).values(*memory)[0, :40:8]
    assert found.tolist() == [kernel, kernel, NONE, module, NONE]


def test_as_many_regions_as_the_kernel_allows_mappings() -> None:
    """65,536 with gaps: the value of each word by arithmetic, not by a search."""
    kinds = list(Kind)
    first, step, size = 0x7F00_0000_0000, 0x3000, 0x1000
    regions = tuple(
        Region("r", kinds[number % 7], Span(first + step * number, size)) for number in range(65536)
    )
    random = np.random.default_rng(3)
    words = random.integers(first - 0x10000, first + step * 65536 + 0x10000, 1 << 14, np.uint64)
    found = POINTERS.for_dump(Surroundings(regions)).values(
        words.astype("<u8").view(np.uint8).reshape(1, -1), None
    )
    wanted = []
    for word in words.tolist():
        number, offset = divmod(word - first, step)
        hit = 0 <= number < 65536 and offset < size
        wanted.append(KIND_VALUES[kinds[number % 7]] if hit else NONE)
    assert found[0, ::8].tolist() == wanted


REGIONS = (
    Region("a", Kind.HEAP, Span(0x1000, 0x1000)),
    Region("b", Kind.STACK, Span(0x4000, 0x1000)),
)


@pytest.mark.parametrize(
    "other",
    [
        Surroundings(REGIONS[:1]),
        Surroundings((REGIONS[0], Region("b", Kind.FILE, Span(0x4000, 0x1000)))),
        Surroundings((REGIONS[0], Region("b", Kind.STACK, Span(0x4000, 0x1001)))),
        Surroundings((REGIONS[0], Region("b", Kind.STACK, Span(0x4001, 0xFFF)))),
        Surroundings(REGIONS, 32),
        Surroundings(REGIONS, 64, "big"),
    ],
)
def test_the_key_tells_what_is_pointed_into(other: Surroundings) -> None:
    """Pictures drawn of the same bytes beside other regions are to be drawn anew."""
    key = POINTERS.for_dump(Surroundings(REGIONS)).key
    assert key == POINTERS.for_dump(Surroundings(REGIONS)).key
    assert POINTERS.for_dump(other).key != key
    assert POINTERS.key != key

"""Which pictures share a BMP: any mix of shapes, against what a bundle is said to be."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.pictures.layout import BITS, Geometry, geometry
from memtiles.plan.bundles import OWN_FOLDERS, plan_bundles

MIB = 1 << 20
PAGE = geometry("rows", 8, 4096)


def shape_of(choose: random.Random, largest: int) -> Geometry | None:
    """Any picture, or none; half of them are of one of the shapes that real regions have."""
    size = choose.choice((4096, 8192, choose.randint(64, 9000), choose.randint(64, largest)))
    if choose.random() < 0.05:
        return None
    if choose.random() < 0.2:
        return geometry("classic", choose.choice(BITS), max(size, 4096))
    width = choose.choice((None, None, None, 128))
    return geometry("rows", choose.choice(BITS), size, width)


def bytes_in_bundle(shape: Geometry) -> int:
    """Whole rows that hold its pixels, and those of its bytes that have none."""
    row = shape.width * shape.bits // 8
    shown = shape.height * row
    return shown if shape.size <= shown else shown + -(-(shape.size - shown) // row) * row


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 1 << 32),
    st.sampled_from([OWN_FOLDERS - 10, OWN_FOLDERS + 400, 6000]),
    st.sampled_from([10_000, MIB - 1, MIB + 40_000]),
)
def test_any_mix_of_shapes(seed: int, count: int, largest: int) -> None:
    choose = random.Random(seed)
    shapes = [shape_of(choose, largest) for _ in range(count)]
    bundles = plan_bundles(shapes)
    drawn = sum(shape is not None for shape in shapes)
    if drawn <= 4096:
        assert bundles == ()
        return
    members = Counter(at for bundle in bundles for at in bundle)
    assert set(members.values()) <= {1}
    kinds_alone: Counter[tuple[str, int, int]] = Counter()
    for at, shape in enumerate(shapes):
        if shape is None or shape.size >= MIB:
            assert at not in members
        elif at not in members:
            kinds_alone[shape.layout, shape.bits, shape.width] += 1
    total: Counter[tuple[str, int, int]] = Counter()
    for bundle in bundles:
        assert len(bundle) > 1
        assert list(bundle) == sorted(bundle), "in address order, as in the manifest"
        of = [shapes[at] for at in bundle]
        kinds = {(one.layout, one.bits, one.width) for one in of if one}
        assert len(kinds) == 1
        size = sum(bytes_in_bundle(one) for one in of if one)
        assert size <= 16 * MIB
        total[kinds.pop()] += size
    assert list(bundles) == sorted(bundles)
    # As few as are needed: two that follow each other would not fit into one.
    for kind, size in total.items():
        same = [
            one for one in bundles if (s := shapes[one[0]]) and (s.layout, s.bits, s.width) == kind
        ]
        assert len(same) <= 1 + size // (8 * MIB)
    # Alone is only what nothing of its kind was left for, or what did not fit with its neighbours.
    for kind, alone in kinds_alone.items():
        assert alone <= 1 + total[kind] // (15 * MIB)


@pytest.mark.parametrize(("count", "bundles"), [(1, 0), (4096, 0), (4097, 2), (8192, 2), (8193, 2)])
def test_pages(count: int, bundles: int) -> None:
    """4,096 pages fill a bundle of 16 MiB; one that is left over alone has its own folder."""
    found = plan_bundles([PAGE] * count)
    assert len(found) == (1 if count == 4097 else bundles)
    assert all(len(bundle) == 4096 for bundle in found)


def test_what_is_not_drawn_does_not_count() -> None:
    assert plan_bundles([None] * 9000 + [PAGE] * 4096) == ()
    assert plan_bundles([]) == ()


def test_the_largest_that_is_small() -> None:
    """A MiB has a folder of its own, a byte less has not."""
    large, small = geometry("rows", 8, MIB), geometry("rows", 8, MIB - 1)
    assert large.width == small.width
    assert plan_bundles([PAGE] * 4095 + [large, large])[0][-1] < 4095
    found = plan_bundles([PAGE] * 4095 + [small, small])
    assert (4095, 4096) in found

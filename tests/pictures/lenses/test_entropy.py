"""Entropy, against that of SciPy over a Counter's counts."""

from __future__ import annotations

from collections import Counter
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from memtiles.pictures.lens import ValueLens
from memtiles.pictures.lenses import lens
from memtiles.pictures.zoom import Highest
from pictures.lenses.memories import Memory, memories, whole

BLOCKS = [64, 128, 256, 512, 1024, 2048, 4096]


def made(block: int) -> ValueLens:
    found = lens("entropy" if block == 256 else f"entropy:{block}")
    assert isinstance(found, ValueLens)
    assert found.block == block
    return found


def expected(memory: Memory, block: int) -> list[int | None]:
    """The value of each byte; None in blocks of which nothing is present."""
    found: list[int | None] = []
    for start in range(0, memory.data.size, block):
        part = zip(memory.bytes[start : start + block], memory.there[start:], strict=False)
        counts = Counter(byte for byte, is_there in part if is_there)
        bits = float(entropy(list(counts.values()), base=2)) if counts else None
        # Half is rounded up, and what is half but for the last bits of a float is half.
        found += [None if bits is None else 1 + floor(254 * bits / 8 + 0.5 + 1e-9)] * block
    return found


@settings(max_examples=60, deadline=None)
@given(memories(), st.sampled_from(BLOCKS))
def test_each_block_has_the_entropy_of_its_present_bytes(memory: Memory, block: int) -> None:
    found = made(block).values(memory.data, memory.present)
    assert found.dtype == np.uint8
    assert found.shape == memory.data.shape
    wanted = expected(memory, block)
    assert [
        value if want is not None else None
        for value, want in zip(found.reshape(-1).tolist(), wanted, strict=True)
    ] == wanted


@pytest.mark.parametrize(
    ("data", "bits"),
    [
        (bytes(256), 0),
        (b"\x90" * 256, 0),
        (bytes([0, 255]) * 128, 1),
        (bytes(range(4)) * 64, 2),
        (bytes(range(16)) * 16, 4),
        (bytes(range(256)), 8),
    ],
    ids=["zeros", "one value", "two", "four", "sixteen", "all"],
)
def test_entropies_that_are_known_by_heart(data: bytes, bits: int) -> None:
    found = made(256).values(*whole(data))[0, :256]
    assert set(found.tolist()) == {1 + floor(254 * bits / 8 + 0.5)}


def test_a_block_and_its_bytes_shuffled_are_alike() -> None:
    random = np.random.default_rng(5)
    data = random.integers(0, 50, 4096, np.uint8)
    shuffled = data.reshape(-1, 256).copy()
    random.permuted(shuffled, axis=1, out=shuffled)
    one, other = (made(256).values(a.reshape(1, -1), None) for a in (data, shuffled))
    assert one.tolist() == other.tolist()


def test_encrypted_memory_in_zeros_is_seen_from_far_away() -> None:
    assert made(256).zoom == Highest()


def test_the_block_is_told() -> None:
    assert "256 bytes" in made(256).summary
    assert any("1024 bytes" in line.label for line in made(1024).legend)

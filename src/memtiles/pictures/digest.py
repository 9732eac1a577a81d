"""Digests of regions: of the run list, and of the present bytes of each MiB.

Of blocks instead of one over everything: those of zeros are known beforehand, and others are
computed side by side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from memtiles.memory.runs import Runs

# Read, hashed and written while it is in the caches of a processor.
HASH_BLOCK = 1 << 20

Bytes = npt.NDArray[np.uint8]


class _Hasher(Protocol):
    def update(self, data: bytes | bytearray | memoryview, /) -> object: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True)
class Hash:
    """A hash function: `begin` makes one that has seen nothing yet."""

    begin: Callable[[], _Hasher]

    def of(self, data: Bytes, runs: Runs) -> bytes:
        """The digest of the present bytes."""
        hasher = self.begin()
        for first, size in runs:
            hasher.update(data[first : first + size].data)
        return hasher.digest()

    def of_known(self, *, present: bool) -> bytes:
        """The digest of a MiB of zeros, or of nothing."""
        return _of_known(self, present)


@cache
def _of_known(one: Hash, present: bool) -> bytes:
    hasher = one.begin()
    hasher.update(bytes(HASH_BLOCK if present else 0))
    return hasher.digest()


def block_digests(data: Bytes, runs: Runs, hashes: Sequence[Hash]) -> list[bytes]:
    """For each hash, the digests of the present bytes of each MiB, one after the other."""
    digests = [bytearray() for _ in hashes]
    for start in range(0, len(data), HASH_BLOCK):
        block = data[start : start + HASH_BLOCK]
        here = runs.clip(start, len(block))
        is_zero = bool(hashes) and here.is_whole(HASH_BLOCK) and not block.any()
        for found, one in zip(digests, hashes, strict=True):
            found += one.of_known(present=True) if is_zero else one.of(block, here)
    return [bytes(one) for one in digests]


def _blake3() -> _Hasher:
    from blake3 import blake3

    return blake3()


SHA256 = Hash(hashlib.sha256)
"""What the manifest tells of a region."""

BLAKE3 = Hash(_blake3)
"""By what the next build sees whether a region has changed: it is quicker (`bench/` tells)."""


class RegionDigest:
    """The digest of a region while it is read: its run list, then the digests of all MiBs."""

    def __init__(self, hash_: Hash = SHA256) -> None:
        """Nothing was read yet."""
        self._hash = hash_
        self._blocks: list[tuple[bytearray, int]] = []

    def add(self, data: Bytes, runs: Runs) -> None:
        """Adds the next bytes of the region: whole MiBs, but for the region's last bytes."""
        (digests,) = block_digests(data, runs, (self._hash,))
        self.add_blocks(digests)

    def add_blocks(self, digests: bytes, times: int = 1) -> None:
        """Adds the digests of the next MiBs, as often as they follow each other."""
        if times == 1 and self._blocks and self._blocks[-1][1] == 1:
            self._blocks[-1][0].extend(digests)
        else:
            self._blocks.append((bytearray(digests), times))

    def hexdigest(self, run_list: bytes) -> str:
        """The digest, with the bytes of `runs.json` before those of the blocks."""
        hasher = self._hash.begin()
        hasher.update(run_list)
        for digests, times in self._blocks:
            for done in range(0, times, HASH_BLOCK):
                hasher.update(digests * min(HASH_BLOCK, times - done))
        return hasher.hexdigest()

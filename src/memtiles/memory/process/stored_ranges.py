"""Ranges of memory as a dump lists them, held against what its file has room for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from memtiles.memory.overlap import Addresses


class StoredRanges(NamedTuple):
    """One array a field.

    Attributes:
        addresses: First address of each range.
        sizes: How many addresses it has, at least 1; none leaves the 64-bit addresses.
        present: How many of them, from the first on, the file holds.
        offsets: Where in the file it begins.
    """

    addresses: Addresses
    sizes: Addresses
    present: Addresses
    offsets: Addresses

    @property
    def lasts(self) -> Addresses:
        """Last address of each range."""
        return self.addresses + (self.sizes - np.uint64(1))


def held_ranges(
    addresses: Addresses,
    sizes: Addresses,
    offsets: Addresses,
    header_size: int,
    file_size: int,
    warnings: list[str],
) -> StoredRanges:
    """Cuts ranges to the file and to the 64-bit addresses, with warnings that count them.

    Args:
        addresses: First address of each range.
        sizes: Bytes of each range; ranges of none are dropped.
        offsets: Where in the file each is said to begin.
        header_size: How far the file's header reaches, where no memory can be.
        file_size: Bytes of the file.
        warnings: Takes a line for each kind of damage.
    """
    end = np.uint64(file_size)
    nowhere = (offsets < np.uint64(header_size)) & (sizes > 0)
    in_file = np.minimum(sizes, end - np.minimum(offsets, end))
    present = np.where(nowhere, np.uint64(0), in_file)
    cut = (present < sizes) & ~nowhere
    if bool(np.any(nowhere)):
        warnings.append(
            f"{int(nowhere.sum())} ranges of memory stand in the file's header: not in the dump"
        )
    if bool(np.any(cut)):
        missing = sum(sizes[cut].tolist()) - sum(present[cut].tolist())
        warnings.append(
            f"the dump is cut short at {file_size} bytes: {int(cut.sum())} of {len(cut)} ranges "
            f"of memory reach past its end, {missing} bytes are missing"
        )
    room = ~addresses  # one less than what fits
    beyond = (sizes > 0) & (sizes - np.uint64(1) > room)
    if bool(np.any(beyond)):
        warnings.append(
            f"{int(beyond.sum())} ranges of memory leave the 64-bit address space: cut there"
        )
        sizes = np.where(beyond, room + np.uint64(1), sizes)
    kept = sizes > 0
    present = np.minimum(present, sizes)
    return StoredRanges(addresses[kept], sizes[kept], present[kept], offsets[kept])


def back_to_back(sizes: Addresses, start: int, file_size: int) -> Addresses:
    """Where ranges begin that stand one after the other from `start` on; none past the end."""
    # A range larger than the file pushes all behind it out, however large it claims to be: cut to
    # that, millions of them can be summed without leaving 64 bits.
    end = np.uint64(file_size)
    capped = np.minimum(sizes, end)
    before = np.cumsum(capped, dtype=np.uint64) - capped
    offsets: Addresses = np.minimum(np.uint64(min(start, file_size)) + before, end)
    return offsets

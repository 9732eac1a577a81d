"""The blocks of a packed dump that were unpacked last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class BlockCache(Generic[Key]):
    """Keeps what was used last, up to a number of bytes. Safe to use from many threads."""

    def __init__(self, limit: int) -> None:
        """Begins empty; `limit` is how many bytes of blocks are kept."""
        self._limit = limit
        self._size = 0
        self._blocks: OrderedDict[Key, bytes | bytearray] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, keys: Iterable[Key]) -> dict[Key, bytes | bytearray]:
        """Those of the blocks that are kept."""
        found = {}
        with self._lock:
            for key in keys:
                block = self._blocks.get(key)
                if block is not None:
                    self._blocks.move_to_end(key)
                    found[key] = block
        return found

    def keep(self, blocks: Mapping[Key, bytes | bytearray]) -> None:
        """Adds blocks; the ones that were not used for longest make room."""
        with self._lock:
            for key, block in blocks.items():
                if key not in self._blocks:
                    self._blocks[key] = block
                    self._size += len(block)
            while self._size > self._limit:
                self._size -= len(self._blocks.popitem(last=False)[1])

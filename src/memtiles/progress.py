"""How a build tells what it is at; `cli` draws it, nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Advance = Callable[[int], object]


class Progress(Protocol):
    """Somebody who is told."""

    def stage(self, name: str, total: int) -> AbstractContextManager[Advance]:
        """A stage of `total` bytes begins; what it yields is called with the bytes done."""


class Silence:
    """Nobody is told."""

    def stage(self, name: str, total: int) -> AbstractContextManager[Advance]:
        return nullcontext(lambda _: None)

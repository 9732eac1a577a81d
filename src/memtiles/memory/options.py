"""What the user says about a dump beyond its path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memtiles.memory.space import SpaceKind


@dataclass(frozen=True)
class Options:
    """What the user says about a dump beyond its path.

    Attributes:
        base: The address of a raw file's first byte.
        space: Which of the dump's address spaces is meant; None for its own default.
        cr3: The physical address of the top page table; "auto" searches the image for that of
            Linux; None leaves it to what the dump tells.
    """

    base: int | None = None
    space: SpaceKind | None = None
    cr3: int | Literal["auto"] | None = None

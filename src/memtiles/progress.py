"""How a build tells what it is at; `cli` draws it, nothing else does.

A build has stages. What is left of the whole is only known if a unit of each is weighed by what it
costs: encoding the tile of a pixel takes several times as long as copying its byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

Advance = Callable[[int], object]


@dataclass(frozen=True)
class Load:
    """The work of one stage.

    Attributes:
        stage: Its name.
        units: Bytes, or pixels.
        weight: What a unit costs, in units of memory that is read, hashed and copied.
    """

    stage: str
    units: int
    weight: float


class Watcher(Protocol):
    """Somebody who is told how a build gets on."""

    def expect(self, loads: Sequence[Load]) -> None:
        """What the stages will have to do; told again as soon as more is known."""

    def stage(self, name: str) -> AbstractContextManager[Advance]:
        """A stage begins; what it yields is called with the units that are done."""


class Silence:
    """Nobody is told."""

    def expect(self, loads: Sequence[Load]) -> None:
        """Nothing to do."""

    def stage(self, name: str) -> AbstractContextManager[Advance]:
        return nullcontext(lambda _: None)

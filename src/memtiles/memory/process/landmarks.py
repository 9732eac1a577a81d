"""Landmarks: addresses of which is known what the memory around them is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from memtiles.memory.dump import Kind


class Landmark(NamedTuple):
    """An address, and what the nameless mapping or allocation is that it lies in.

    Where two lie in the same one, the first of a list has the say.
    """

    address: int
    kind: Kind
    title: str


class Thread(NamedTuple):
    """A thread; `teb` and `stack` are addresses, 0 where unknown, and `stack` lies in its stack."""

    id: int
    name: str
    teb: int
    stack: int

    @property
    def stack_title(self) -> str:
        """What its stack is called, such as `stack of thread 0x1a2c "main"`."""
        return f"stack of thread {self.id:#x}" + (f' "{self.name}"' if self.name else "")


def stacks_of(threads: Iterable[Thread]) -> list[Landmark]:
    """The stacks that a dump's own list of threads tells of."""
    return [
        Landmark(thread.stack, Kind.STACK, thread.stack_title)
        for thread in threads
        if thread.stack > 0
    ]

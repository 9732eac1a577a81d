"""How a build tells what it is at; `cli` draws it, nothing else does.

A build has stages. What is left of the whole is only known if a unit of each is weighed by what it
costs: encoding the tile of a pixel takes several times as long as copying its byte.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
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


class Forecast:
    """How far a build is, in time: a watcher that knows what a stage takes by what it took so far.

    What a stage will take is told by its weight and the speed of the stage before, until some of it
    is done: from then on by its own speed, more and more.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begins now."""
        self._clock = clock
        self._start = clock()
        self._loads: dict[str, Load] = {}
        self._done: dict[str, int] = {}
        self._ended: set[str] = set()
        self._current = ""
        self._began = self._start
        self._speed: float | None = None  # seconds for what weighs 1
        self._share = 0.0
        self._lock = threading.Lock()

    def expect(self, loads: Sequence[Load]) -> None:
        with self._lock:
            self._loads = {load.stage: load for load in loads}

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        def advance(units: int) -> None:
            with self._lock:
                self._done[name] = self._done.get(name, 0) + units

        self._current, self._began = name, self._clock()
        yield advance
        with self._lock:
            load = self._loads.get(name)
            if load is not None and self._done.get(name):
                self._speed = self._speed_of(load)
            self._ended.add(name)

    def share(self) -> float:
        """The share of the whole time that has passed, from 0 to 1; it never falls."""
        with self._lock:
            passed = self._clock() - self._start
            left = self._left()
            if left is not None and passed > 0:
                self._share = max(self._share, passed / (passed + left))
            return self._share

    def _left(self) -> float | None:
        """Seconds; None before anything is known."""
        current = self._loads.get(self._current)
        speed = self._speed if current is None else self._speed_of(current)
        if speed is None:
            return None
        rest = [load for load in self._loads.values() if load.stage not in self._ended]
        undone = (max(0, load.units - self._done.get(load.stage, 0)) * load.weight for load in rest)
        return speed * sum(undone)

    def _speed_of(self, load: Load) -> float | None:
        if load.stage in self._ended:
            return self._speed
        done = self._done.get(load.stage, 0) * load.weight
        seconds = self._clock() - self._began
        if self._speed is None:
            return seconds / done if done else None
        # The first tiles say little: they have the say of this share of the stage.
        trusted = load.units * load.weight / 20
        return (seconds + self._speed * trusted) / (done + trusted) if trusted else self._speed

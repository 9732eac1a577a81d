"""The progress of a build as one bar on stderr, over all of its stages."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from memtiles.progress import Advance, Load

if TYPE_CHECKING:
    from types import TracebackType


class BuildBar:
    """A watcher in a `with` statement; silent where stderr is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        """Draws nothing where `quiet`."""
        self._shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._bar: Any = None
        self._loads: dict[str, Load] = {}
        self._done: dict[str, float] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> BuildBar:
        if self._shown:
            from tqdm import tqdm

            self._bar = tqdm(
                desc="plan",
                unit="B",
                unit_scale=True,
                leave=False,
                # The rate of the whole build: weights are what makes one second like another.
                smoothing=0,
                bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}",
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def expect(self, loads: Sequence[Load]) -> None:
        with self._lock:
            self._loads = {load.stage: load for load in loads}
            self._draw()

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        def advance(units: int) -> None:
            with self._lock:
                load = self._loads.get(name)
                self._done[name] = self._done.get(name, 0) + units * (load.weight if load else 0)
                self._draw()

        if self._bar is not None:
            self._bar.set_description_str(name, refresh=False)
        yield advance
        with self._lock:
            # What turned out to be there already, or uniform, is done, too.
            load = self._loads.get(name)
            self._done[name] = load.units * load.weight if load else 0
            self._draw()

    def _draw(self) -> None:
        if self._bar is None or not self._loads:
            return
        total = sum(load.units * load.weight for load in self._loads.values())
        self._bar.total = max(total, 1)
        self._bar.update(min(sum(self._done.values()), total) - self._bar.n)

"""The progress of a build as one bar on stderr, over all of its stages."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from memtiles.progress import Advance, Forecast, Load

if TYPE_CHECKING:
    from types import TracebackType


class BuildBar:
    """A watcher in a `with` statement; silent where stderr is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        """Draws nothing where `quiet`."""
        self._shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._bar: Any = None
        self._forecast = Forecast()

    def __enter__(self) -> BuildBar:
        if self._shown:
            from tqdm import tqdm

            # Its monitor is a thread, and a process that has threads is not forked to draw tiles.
            tqdm.monitor_interval = 0
            self._bar = tqdm(
                desc="plan",
                total=1.0,
                leave=False,
                # Of the time: then the average speed is 1, and what is left is what is forecast.
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
        self._forecast.expect(loads)

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        with self._forecast.stage(name) as count:

            def advance(units: int) -> None:
                count(units)
                self._draw()

            if self._bar is not None:
                self._bar.set_description_str(name, refresh=False)
            yield advance

    def _draw(self) -> None:
        # Several threads may draw, and then the last one has drawn over what the others had.
        if self._bar is not None:
            self._bar.update(max(0.0, self._forecast.share() - self._bar.n))

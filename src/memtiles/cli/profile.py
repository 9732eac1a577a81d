"""`build --profile`: where time, bytes and memory went, stage by stage."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memtiles.progress import Advance, Load, Watcher

_STAGE_WIDTHS = (8, 9, 9, 24, 20, 12)
_FOLDER_WIDTHS = (10, 9, 20, 20)
_UNITS = {"memory": "bytes", "tiles": "pixels", "strips": "pixels"}


@dataclass(frozen=True)
class StageCost:
    """What one stage took: seconds, units of work, and the most memory of a process by then."""

    name: str
    wall: float
    cpu: float
    units: int
    peak_memory: int | None


class Profile:
    """A watcher that takes notes, and passes on all that it hears."""

    def __init__(self, watcher: Watcher) -> None:
        """Listens in front of another watcher."""
        self._watcher = watcher
        self.costs: list[StageCost] = []

    def expect(self, loads: Sequence[Load]) -> None:
        self._watcher.expect(loads)

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        lock, done = threading.Lock(), 0
        began, busy = time.perf_counter(), _processor_time()
        with self._watcher.stage(name) as advance:

            def count(units: int) -> None:
                nonlocal done
                with lock:
                    done += units
                advance(units)

            yield count
        wall, cpu = time.perf_counter() - began, _processor_time() - busy
        self.costs.append(StageCost(name, wall, cpu, done, peak_memory()))

    def lines(self, output: Path) -> Iterator[str]:
        """The table of a build, and what lies in its output folder."""
        heads = ("stage", "wall s", "CPU s", "done", "a second", "peak memory")
        yield _columns(_STAGE_WIDTHS, heads)
        for cost in self.costs:
            unit = _UNITS.get(cost.name)
            cells = (
                cost.name,
                f"{cost.wall:.3f}",
                f"{cost.cpu:.3f}",
                f"{cost.units:,} {unit}" if unit else "",
                f"{cost.units / cost.wall:,.0f}" if unit and cost.wall else "",
                f"{cost.peak_memory >> 20:,} MiB" if cost.peak_memory is not None else "",
            )
            yield _columns(_STAGE_WIDTHS, cells)
        yield _columns(_FOLDER_WIDTHS, ("folder", "files", "bytes", "on disk"))
        for folder in sorted(path for path in output.iterdir() if path.is_dir()):
            if folder.name.startswith("."):
                continue
            files = [file.stat() for file in folder.rglob("*") if file.is_file()]
            size = sum(status.st_size for status in files)
            # A sparse file takes less than it holds, and a tile of two atlases is there once.
            blocks = {(s.st_dev, s.st_ino): getattr(s, "st_blocks", 0) * 512 for s in files}
            numbers = (len(files), size, sum(blocks.values()))
            yield _columns(_FOLDER_WIDTHS, (folder.name, *(f"{one:,}" for one in numbers)))


def _columns(widths: Sequence[int], cells: Sequence[str]) -> str:
    first, *numbers = zip(widths, cells, strict=True)
    text = [first[1].ljust(first[0]), *(cell.rjust(width) for width, cell in numbers)]
    return " ".join(text).rstrip()


def _processor_time() -> float:
    """Seconds of this process, and of those that it began and that have ended."""
    return sum(os.times()[:4])


def peak_memory() -> int | None:
    """The most memory, in bytes, that this process or one that it began and that has ended had.

    None where the system does not tell. Those that draw tiles share most of theirs with this one.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(one).ru_maxrss for one in whose)
    return peak if sys.platform == "darwin" else peak * 1024

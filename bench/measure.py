"""What a command costs: wall time, CPU time and peak memory of its process and all below it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
SAMPLE_SECONDS = 0.02  # often enough to see a peak, seldom enough not to be one

Word = str | Path | int


@dataclass(frozen=True)
class Cost:
    """What a process and its children took: seconds, and MiB.

    `others` is how many processors the rest of the machine kept busy meanwhile: where it is not
    near 0, a command of several threads has lost more by it than one of a single thread.
    """

    wall: float
    cpu: float
    peak_rss: float
    peak_tree_rss: float
    others: float


def memtiles(*words: Word) -> list[Word]:
    """The command `memtiles WORDS` of this Python."""
    return [sys.executable, "-m", "memtiles", *words]


def measure(command: Sequence[Word], printed: Path | None = None) -> Cost:
    """Runs a command to its end.

    A child's `ru_maxrss` starts at the peak of its parent. So this process stays small, and what
    takes memory runs as a process of its own.

    Args:
        command: What to run.
        printed: A file for what it prints; without one, that goes nowhere.

    Raises:
        SystemExit: The command failed; with what it wrote to stderr.
    """
    words = [str(word) for word in command]
    busy = _busy_seconds()
    with Path(printed or os.devnull).open("wb") as stdout:
        start = time.perf_counter()
        process = subprocess.Popen(words, stdout=stdout, stderr=subprocess.PIPE)
    samples = [0]
    ended = threading.Event()
    sampler = threading.Thread(target=_sample, args=(process.pid, samples, ended))
    sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    busy = _busy_seconds() - busy
    ended.set()
    sampler.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stderr is not None
    with process.stderr as stderr:
        if status:
            raise SystemExit(stderr.read().decode().strip() or f"{command[0]} failed: {status}")
    cpu = usage.ru_utime + usage.ru_stime
    peak_rss = usage.ru_maxrss / 1024
    return Cost(
        wall,
        cpu,
        peak_rss,
        max(max(samples) / MIB, peak_rss),
        max(0.0, busy - cpu) / wall,
    )


def _busy_seconds() -> float:
    """What all processors have worked since the start of the machine, in steps of 0.01."""
    times = [int(field) for field in Path("/proc/stat").read_text().split()[1:9]]
    idle = times[3] + times[4]  # the latter waits for a disk
    return (sum(times) - idle) / os.sysconf("SC_CLK_TCK")


def _sample(pid: int, samples: list[int], ended: threading.Event) -> None:
    while not ended.wait(SAMPLE_SECONDS):
        samples.append(_tree_rss(pid))


def _tree_rss(pid: int) -> int:
    """Resident bytes of a process and all below it; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_tree_rss(int(child)) for child in children)

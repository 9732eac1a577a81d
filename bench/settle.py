"""Waiting until files and memory can be had at their usual speed.

*Files.* For some minutes ext4 without a journal does not use an inode again that was freed, and
looks at each of them anew for every new file: after thousands of tiles were deleted, making a file
took 0.7 ms here instead of 0.03. A benchmark right after another one's clean-up would measure that.

*Memory.* A virtual machine gets a page from its host when it first uses it, which took 2.6 ns a
byte here: what is written first would take twice as long as the same later, and of what is
compared, that which writes more would suffer more. So pages are used before anything is measured.
"""

from __future__ import annotations

import mmap
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_FILES = 200
_USUAL = 0.15e-3  # seconds for one, more than on any disk that was tried
_LONGEST = 120
_MOST_BYTES = 8 << 30  # more than any benchmark takes and writes


def settle(folder: Path) -> None:
    """Waits, but not for ever."""
    # In a process of its own, for the peak of this one is where that of its children begins.
    subprocess.run([sys.executable, __file__], check=False)
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end:
        probe = Path(tempfile.mkdtemp(dir=folder))
        start = time.perf_counter()
        for name in range(_FILES):
            (probe / str(name)).touch()
        if (time.perf_counter() - start) / _FILES < _USUAL:
            return
        print("waiting until files are made at their usual speed", file=sys.stderr)
        time.sleep(5)


def _use_memory() -> None:
    """Uses each page that is free once, and leaves an eighth for whoever needs some meanwhile."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(fields["MemFree"].split()[0]) << 10
    size = min(free // 8 * 7, _MOST_BYTES) // mmap.PAGESIZE * mmap.PAGESIZE
    if size:
        with mmap.mmap(-1, size) as memory:
            memory[:: mmap.PAGESIZE] = bytes(size // mmap.PAGESIZE)


if __name__ == "__main__":
    _use_memory()

"""Waiting until files can be made at their usual speed again.

For half a minute ext4 does not use an inode again that was freed, and looks at each of them anew
for every new file: after thousands of tiles were deleted, making a file took 0.7 ms here instead
of 0.03. A benchmark right after another one's clean-up would measure that.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

_FILES = 200
_USUAL = 0.15e-3  # seconds for one, more than on any disk that was tried
_LONGEST = 120


def settle(folder: Path) -> None:
    """Waits, but not for ever."""
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

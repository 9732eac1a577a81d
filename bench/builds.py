"""A `memtiles build` under the clock, and what it leaves on the disk.

What is compared by time should keep its outputs to the end: ext4 makes files slowly for some
seconds after others were deleted (1.2 ms each instead of 0.1), which would be measured instead.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measure import Word, measure, memtiles
from on_disk import on_disk


def build(config: Path, site: Path, *words: Word) -> dict[str, Any]:
    """Builds a config into a folder, anew or again; the cost, and what then lies there."""
    print(f"build of {config.parent.name} {' '.join(map(str, words))}".rstrip(), file=sys.stderr)
    # What was written before would go to the disk meanwhile.
    os.sync()
    cost = measure(memtiles("build", config, "--output", site, "--quiet", *words))
    found = on_disk(site)
    return {**asdict(cost), "files": found.files, "disk_mib": found.mib}

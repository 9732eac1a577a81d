"""A build whose bar is watched: what it forecasts on its way, and how long it takes in the end.

watch_build.py CONFIG SITE RESULTS.json
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from memtiles.cli.build_bar import BuildBar
from memtiles.config import load_config
from memtiles.pipeline import build

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


class Notes:
    """Stands where `BuildBar` has its tqdm, which says `elapsed / share` for the whole."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.total = 1.0
        self.n = 0.0
        self.passed: list[tuple[float, float]] = []

    def update(self, step: float) -> None:
        self.n += step
        share = self.n / self.total
        if len(self.passed) < len(SHARES) and share >= SHARES[len(self.passed)]:
            self.passed.append((share, time.perf_counter() - self.start))

    def set_description_str(self, text: str, *, refresh: bool) -> None:
        pass

    def close(self) -> None:
        pass


def main(config_file: str, site: str, results: str) -> None:
    config = load_config(Path(config_file)).model_copy(update={"output": Path(site)})
    bar = BuildBar(quiet=True)
    bar._bar = notes = Notes()  # as if there were a terminal
    with bar:
        build(config, watcher=bar)
    total = time.perf_counter() - notes.start
    forecasts = [[share, seconds / share] for share, seconds in notes.passed]
    Path(results).write_text(json.dumps({"total": total, "forecasts": forecasts}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The peak memory of a whole build, at sizes far apart."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inputs import make_build_input
from measure import measure, memtiles

RSS_GOAL = 400.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rss-mib", type=int, nargs="+", default=[64, 1024], help="default: 64 1024"
    )


def run(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    return [_peak(folder, mib) for mib in options.rss_mib]


def _peak(folder: Path, mib: int) -> dict[str, Any]:
    print(f"memory at {mib} MiB", file=sys.stderr)
    config = make_build_input(folder, mib)
    site = config.parent / "site"
    cost = measure(memtiles("build", config, "--output", site, "--quiet"))
    shutil.rmtree(config.parent)
    return {"mib": mib, **asdict(cost)}


def lines(results: list[dict[str, Any]]) -> Iterator[str]:
    yield f"peak memory of all processes of a build, goal {RSS_GOAL:.0f} MiB"
    for row in results:
        met = "met" if row["peak_tree_rss"] <= RSS_GOAL else "MISSED"
        yield (
            f"{row['mib']:5} MiB   {row['peak_tree_rss']:6.0f} MiB   {met}   in {row['wall']:.1f} s"
        )

"""Whether sixteen times the memory takes no more than sixteen times as long."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from builds import build
from goals import at_most
from inputs import make_build_input
from page_cache import load

GOAL = 1.1
SMALL = {"linear_mib": [16, 64], "linear_rounds": 1}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--linear-mib", type=int, nargs=2, default=[64, 1024], help="default: 64 1024"
    )
    parser.add_argument("--linear-rounds", type=int, default=5, help="of both (default: 5)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    configs = [make_build_input(folder, mib) for mib in options.linear_mib]
    rounds = []
    for number in range(options.linear_rounds):
        row = []
        for config in configs:
            load(config.parent / "app.core")
            row.append(build(config, config.parent / f"site{number}"))
        rounds.append(row)
    for config in configs:
        shutil.rmtree(config.parent)
    return {"mib": options.linear_mib, "rounds": rounds}


def lines(results: dict[str, Any]) -> Iterator[str]:
    small, large = results["mib"]
    rounds = results["rounds"]
    yield f"builds of {small:,} and of {large:,} MiB"
    for at, mib in enumerate(results["mib"]):
        wall, cpu, others = (
            median(row[at][key] for row in rounds) for key in ("wall", "cpu", "others")
        )
        yield f"{mib:5} MiB {wall:8.2f} s, {cpu:.2f} s of CPU time, others {others:.1f} processors"
    ratio = median(row[1]["wall"] / row[0]["wall"] for row in rounds) / (large / small)
    yield f"time a byte: {ratio:.2f} times; {at_most(ratio, GOAL)}"

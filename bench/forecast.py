"""How well the bar of a build knows after the first tenth how long the whole will take."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from build_zeros import nine_tenths_zero
from core import Piece
from goals import at_most
from inputs import make_build_input, make_core
from measure import MIB, measure
from page_cache import evict_all, load

GOAL = 20.0
SMALL = {"eta_mib": 128, "eta_times": 1}

SCRIPT = Path(__file__).with_name("watch_build.py")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--eta-mib", type=int, default=1024, help="memory (default: 1024)")
    parser.add_argument("--eta-times", type=int, default=5, help="builds of each (default: 5)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    mib = options.eta_mib
    configs = {
        "100 regions": make_build_input(folder, mib),
        "nine tenths zero": make_core(folder, "zero", nine_tenths_zero(mib * MIB)),
        "one region": make_core(folder, "one", [[Piece("library", mib * MIB)]]),
    }
    found = {
        name: [_watch(config, number) for number in range(options.eta_times)]
        for name, config in configs.items()
    }
    for config in configs.values():
        shutil.rmtree(config.parent)
    return {"mib": mib, "builds": found}


def _watch(config: Path, number: int) -> dict[str, Any]:
    print(f"forecasts of {config.parent.name}", file=sys.stderr)
    site, results = config.parent / f"site{number}", config.parent / "results.json"
    os.sync()
    load(config.parent / "app.core")
    cost = measure([sys.executable, SCRIPT, config, site, results])
    evict_all(site)
    return {**asdict(cost), **json.loads(results.read_text())}


def lines(results: dict[str, Any]) -> Iterator[str]:
    yield f"what the bar forecasts for a build of {results['mib']:,} MiB, to what it takes"
    yield "                    whole s    off by, median / worst    later                  others"
    for name, builds in results["builds"].items():
        off = [100 * abs(_ratio(one, 0) - 1) for one in builds]
        steps = range(min(len(one["forecasts"]) for one in builds))
        course = " ".join(f"{median(_ratio(one, at) for one in builds):.2f}" for at in steps)
        total, others = (median(one[key] for one in builds) for key in ("total", "others"))
        yield (
            f"{name:16} {total:10.1f} {median(off):11.1f} % / {max(off):5.1f} %    {course:24} "
            f"{others:4.1f}    {at_most(median(off), GOAL, ' %')}"
        )
    yield "later: the forecast at 10, 25, 50, 75 and 90 %, as a share of what it took"


def _ratio(build: dict[str, Any], at: int) -> float:
    return float(build["forecasts"][at][1] / build["total"])

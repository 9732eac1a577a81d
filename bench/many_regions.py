"""65,536 regions of a page each: planning, building, and how many files come of it."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from core import PAGE, Piece
from goals import at_most
from inputs import make_core
from measure import measure, memtiles
from on_disk import on_disk

PLAN_GOAL = 5.0
RSS_GOAL = 500.0
FILES_GOAL = 20_000
SMALL = {"many_regions": 5000, "many_times": 1}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--many-regions", type=int, default=65_536, help="default: 65536")
    parser.add_argument("--many-times", type=int, default=5, help="builds (default: 5)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    segments = [[Piece("library", PAGE)]] * options.many_regions
    config = make_core(folder, "many", segments)
    rows = [_once(config, number) for number in range(options.many_times)]
    shutil.rmtree(config.parent)
    return {"regions": options.many_regions, "builds": rows}


def _once(config: Path, number: int) -> dict[str, Any]:
    print(f"build of {config.parent.name}", file=sys.stderr)
    site, printed = config.parent / f"site{number}", config.parent / "profile.txt"
    dry = measure(memtiles("build", config, "--dry-run"))
    build = measure(memtiles("build", config, "--output", site, "--quiet", "--profile"), printed)
    found = on_disk(site)
    return {
        "dry_run": asdict(dry),
        "build": asdict(build),
        "stages": _stages(printed.read_text()),
        "files": found.files,
        "disk_mib": found.mib,
    }


def _stages(profile: str) -> dict[str, float]:
    """The wall time of each stage, out of the first table of `--profile`."""
    rows = [line.split() for line in profile.partition("folder")[0].splitlines()]
    return {row[0]: float(row[1]) for row in rows if row and row[0] != "stage"}


def lines(results: dict[str, Any]) -> Iterator[str]:
    rows = results["builds"]

    def middle(part: str, key: str) -> float:
        return float(median(row[part][key] for row in rows))

    plan, dry = middle("stages", "plan"), middle("dry_run", "wall")
    rss, files = middle("build", "peak_tree_rss"), median(row["files"] for row in rows)
    yield f"{results['regions']:,} regions of a page"
    yield f"plan {plan:.2f} s; {at_most(plan, PLAN_GOAL, ' s')}"
    yield f"--dry-run, which prints it, {dry:.2f} s; {at_most(dry, PLAN_GOAL, ' s')}"
    yield f"peak memory {rss:.0f} MiB; {at_most(rss, RSS_GOAL, ' MiB')}"
    yield f"files {files:,.0f}; {at_most(files, FILES_GOAL)}"
    stages = ", ".join(f"{name} {middle('stages', name):.2f}" for name in rows[0]["stages"])
    yield (
        f"whole build {middle('build', 'wall'):.2f} s ({stages}), "
        f"{middle('build', 'cpu'):.2f} s of CPU time, "
        f"others kept {middle('build', 'others'):.1f} processors busy"
    )

"""Page tables of a large machine: all of them, against volatility3, and those of one range."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from crash_dump import HAL, HAL_SIZE, write_crash_dump
from measure import measure, memtiles

SHARE_GOAL = 20.0
RSS_GOAL = 400.0
SMALL = {"machine_gib": 1, "walks": 1}

SCRIPT = Path(__file__).with_name("enumerate_pages.py")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--machine-gib", type=int, default=4, help="memory of the machine (default: 4)"
    )
    parser.add_argument("--walks", type=int, default=3, help="of all page tables (default: 3)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both tools in turn on one dump, and then a range of it."""
    dump = folder / "MEMORY.DMP"
    written = write_crash_dump(dump, options.machine_gib)
    tools = ["memtiles"] + (["volatility3"] if find_spec("volatility3") else [])
    rows: list[dict[str, Any]] = []
    for number in range(options.walks):
        print(f"walk {number + 1} of {options.walks}", file=sys.stderr)
        rows.append({tool: _walk(tool, dump) for tool in tools})
    if len({one["bytes"] for row in rows for one in row.values()}) > 1:
        raise SystemExit("the two do not find the same pages")
    output = folder / "hal.bin"
    words = ("extract", dump, output, "--range", f"{HAL:#x}+{HAL_SIZE:#x}", "--force")
    extract = measure(memtiles(*words))
    for file in (dump, output):
        file.unlink()
    return {
        "gib": options.machine_gib,
        "pages": written.pages,
        "walks": rows,
        "peak_rss": max(row["memtiles"]["rss"] for row in rows),
        "range_seconds": extract.wall,
        "range_rss": extract.peak_tree_rss,
    }


def _walk(tool: str, dump: Path) -> dict[str, Any]:
    cost = measure([sys.executable, SCRIPT, tool, dump])
    done = subprocess.run(
        [sys.executable, SCRIPT, tool, dump], capture_output=True, check=True, text=True
    )
    found = json.loads(done.stdout)
    return {"wall": cost.wall, "cpu": cost.cpu, "rss": cost.peak_tree_rss, **found}


def lines(results: dict[str, Any]) -> Iterator[str]:
    yield f"all page tables of {results['gib']} GiB, {results['pages']:,} pages of 4 KiB"
    yield "            volatility3 s   memtiles s   times as fast"
    walks = results["walks"]
    if "volatility3" in walks[0]:
        for key, name in (("seconds", "walking"), ("wall", "process"), ("cpu", "its CPU")):
            theirs = median(row["volatility3"][key] for row in walks)
            ours = median(row["memtiles"][key] for row in walks)
            share = median(row["volatility3"][key] / row["memtiles"][key] for row in walks)
            met = "met" if share >= SHARE_GOAL else "MISSED"
            goal = f"   goal {SHARE_GOAL:.0f}: {met}" if key == "seconds" else ""
            yield f"{name:10} {theirs:14.2f} {ours:12.2f} {share:15.1f}{goal}"
    else:
        yield "volatility3 is not installed: nothing to hold it against"
    met = "met" if results["peak_rss"] <= RSS_GOAL else "MISSED"
    yield f"peak memory {results['peak_rss']:.0f} MiB, goal {RSS_GOAL:.0f}: {met}"
    yield (
        f"the HAL alone, {HAL_SIZE:,} bytes: {results['range_seconds']:.2f} s with the start of "
        f"Python, {results['range_rss']:.0f} MiB"
    )

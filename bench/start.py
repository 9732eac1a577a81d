"""How long `memtiles --help` takes, against the least that Python does."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from measure import Word, measure, memtiles

HELP_GOAL = 5.0
SMALL = {"starts": 3}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--starts", type=int, default=21, help="of `memtiles --help` (default: 21)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both in turn, after one start of each."""
    commands: dict[str, list[Word]] = {
        "help": memtiles("--help"),
        "pass": [sys.executable, "-c", "pass"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(options.starts + 1):
        for name, command in commands.items():
            cost = measure(command)
            if number:
                seconds[name].append(cost.wall)
    medians = {name: median(values) for name, values in seconds.items()}
    return {
        "seconds": medians,
        "ratio": medians["help"] / medians["pass"],
        "instructions": {name: _instructions(command) for name, command in commands.items()},
    }


def _instructions(command: Sequence[Word]) -> int | None:
    """Instructions in user mode, where `perf` is there and may count."""
    perf = shutil.which("perf")
    if perf is None:
        return None
    counted = subprocess.run(
        [perf, "stat", "-x", ",", "-e", "instructions:u", *map(str, command)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    value = counted.stderr.partition(",")[0]
    return int(value) if value.isdigit() else None


def lines(results: dict[str, Any]) -> Iterator[str]:
    seconds = results["seconds"]
    met = "met" if results["ratio"] <= HELP_GOAL else "MISSED"
    yield (
        f"memtiles --help {seconds['help'] * 1000:.0f} ms, python -c pass "
        f"{seconds['pass'] * 1000:.0f} ms: {results['ratio']:.1f} times, "
        f"goal {HELP_GOAL:.0f}: {met}"
    )
    counts = results["instructions"]
    if None not in counts.values():
        yield f"instructions: {counts['help'] / counts['pass']:.1f} times"

"""How long `memtiles info` takes to say what is in a full minidump."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goals import at_most
from measure import memtiles
from pairs import in_turn, median_of, median_others
from user_dump import make_user_dump

GOAL = 15.0
SMALL = {"info_mb": 10, "info_starts": 3}

RANGES = 500  # a process of 100 MB has some hundred


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--info-mb", type=int, default=100, help="the minidump (default: 100)")
    parser.add_argument("--info-starts", type=int, default=21, help="of each (default: 21)")


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both in turn, after one start of each."""
    dump = folder / "info.dmp"
    make_user_dump(dump, options.info_mb * 1_000_000, RANGES)
    rows = in_turn(
        options.info_starts + 1,
        {
            "info": lambda _: memtiles("info", dump),
            "pass": lambda _: [sys.executable, "-c", "pass"],
        },
    )
    dump.unlink()
    return {"mb": options.info_mb, "rounds": rows[1:]}


def lines(results: dict[str, Any]) -> Iterator[str]:
    rows = results["rounds"]
    info, least = median_of(rows, "info"), median_of(rows, "pass")
    yield (
        f"memtiles info of a full minidump of {results['mb']} MB {info * 1000:.0f} ms, "
        f"python -c pass {least * 1000:.0f} ms: {info / least:.1f} times; "
        f"{at_most(info / least, GOAL)}; others kept {median_others(rows):.1f} processors busy"
    )

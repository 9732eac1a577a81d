"""Two commands in turn: what is measured is a ratio, so that a busy machine disturbs both alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from measure import Word, measure


def alternate(
    count: int, ours: Sequence[Word], theirs: Sequence[Word], prepare: Callable[[], None]
) -> dict[str, Any]:
    """Runs both commands `count` times; each goes first in every other pair.

    Noise only ever adds time: others use the processors, the host has to find memory, the disk is
    busy. So besides the median of the ratios of the pairs there is the ratio of the fastest runs,
    which is what the two cost when nothing disturbs either.

    Args:
        count: Pairs.
        ours: The command of memtiles.
        theirs: What it is held against.
        prepare: Called before every single run, outside of the time that counts.
    """
    rows = []
    for number in range(count):
        row = {}
        turns = [("memtiles", ours), ("other", theirs)]
        for name, command in turns if number % 2 == 0 else reversed(turns):
            prepare()
            row[name] = asdict(measure(command))
        rows.append(row)
    return {
        "pairs": rows,
        "peak_tree_rss": max(row["memtiles"]["peak_tree_rss"] for row in rows),
        "others": median(cost["others"] for row in rows for cost in row.values()),
        **{key: _summary(rows, key) for key in ("wall", "cpu")},
    }


def _summary(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    seconds = {name: [row[name][key] for row in rows] for name in ("memtiles", "other")}
    fastest = {name: min(values) for name, values in seconds.items()}
    return {
        "median": {name: median(values) for name, values in seconds.items()},
        "fastest": fastest,
        "median_ratio": median(row["memtiles"][key] / row["other"][key] for row in rows),
        "fastest_ratio": fastest["memtiles"] / fastest["other"],
    }

"""Commands in turn: what is measured is a ratio, so that a busy machine disturbs all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from measure import Word, measure

Costs = dict[str, dict[str, float]]
"""What each command cost in one round, by its name."""


def in_turn(
    rounds: int,
    commands: Mapping[str, Callable[[int], Sequence[Word]]],
    prepare: Callable[[], None] = lambda: None,
) -> list[Costs]:
    """Runs each command once a round, every other round the other way round.

    Args:
        rounds: How often.
        commands: By name, what to run in the round of that number.
        prepare: Called before every single run, outside of the time that counts.
    """
    rows = []
    for number in range(rounds):
        row = {}
        for name in list(commands)[:: 1 if number % 2 == 0 else -1]:
            command = commands[name](number)
            prepare()
            row[name] = asdict(measure(command))
        rows.append(row)
    return rows


def median_ratio(rows: Sequence[Costs], one: str, other: str, key: str = "wall") -> float:
    """The median of the ratios of the rounds."""
    return median(row[one][key] / row[other][key] for row in rows)


def median_of(rows: Sequence[Costs], name: str, key: str = "wall") -> float:
    """The median of what one command cost."""
    return median(row[name][key] for row in rows)


def median_others(rows: Sequence[Costs]) -> float:
    """How many processors others kept busy."""
    return median(cost["others"] for row in rows for cost in row.values())


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
    commands = {"memtiles": lambda _: ours, "other": lambda _: theirs}
    rows = in_turn(count, commands, prepare)
    return {
        "pairs": rows,
        "peak_tree_rss": max(row["memtiles"]["peak_tree_rss"] for row in rows),
        "others": median_others(rows),
        **{key: _summary(rows, key) for key in ("wall", "cpu")},
    }


def _summary(rows: list[Costs], key: str) -> dict[str, Any]:
    seconds = {name: [row[name][key] for row in rows] for name in ("memtiles", "other")}
    fastest = {name: min(values) for name, values in seconds.items()}
    return {
        "median": {name: median(values) for name, values in seconds.items()},
        "fastest": fastest,
        "median_ratio": median_ratio(rows, "memtiles", "other", key),
        "fastest_ratio": fastest["memtiles"] / fastest["other"],
    }

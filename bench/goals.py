"""Whether a goal is met, as every table says it."""

from __future__ import annotations


def at_most(found: float, goal: float, unit: str = "") -> str:
    """`goal 350 MiB: met`; to be as much as the goal is to meet it."""
    return f"goal ≤ {goal:g}{unit}: {'met' if found <= goal else 'MISSED'}"


def at_least(found: float, goal: float, unit: str = "") -> str:
    """The same where more is better."""
    return f"goal ≥ {goal:g}{unit}: {'met' if found >= goal else 'MISSED'}"

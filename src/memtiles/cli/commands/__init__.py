"""The commands: one file each, listed here in the order in which people meet them."""

from __future__ import annotations

from importlib import import_module

from memtiles.cli.command import Command

NAMES = (
    *("info", "init", "build", "check", "serve"),
    *("picture", "width", "extract", "slice", "export", "lens", "schema", "completion"),
)


def commands() -> tuple[Command, ...]:
    """All commands."""
    found: list[Command] = [import_module(f"{__name__}.{name}").COMMAND for name in NAMES]
    return tuple(found)

"""`memtiles schema`."""

from __future__ import annotations

import argparse

from memtiles.cli.command import Command, Example


def _add_arguments(_: argparse.ArgumentParser) -> None:
    """Takes none."""


def _run(_: argparse.Namespace) -> None:
    import json

    from memtiles.config import config_schema

    print(json.dumps(config_schema(), indent=2))


COMMAND = Command(
    name="schema",
    summary="print the config's JSON Schema, for editors",
    description=(
        "Prints the JSON Schema of a config. Editors complete and check a config by it while it "
        "is written; `memtiles init` puts the line into a config that tells them where it is."
    ),
    examples=(Example("memtiles schema > config.schema.json", "keep it beside your configs"),),
    add_arguments=_add_arguments,
    run=_run,
    see_also=("build",),
)

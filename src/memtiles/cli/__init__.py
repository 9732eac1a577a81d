"""Arguments, progress, printing, exit codes: nothing outside this folder prints or exits."""

from memtiles.cli.main import main, run

__all__ = ["main", "run"]

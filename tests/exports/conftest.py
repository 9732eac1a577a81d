from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exports.exported import Outcome
from memtiles.cli import run
from sites import made_up_process


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """A command line in this process."""

    def call(*arguments: str | Path | int) -> Outcome:
        capsys.readouterr()
        code = run([str(one) for one in arguments])
        captured = capsys.readouterr()
        return Outcome.of(code, captured.out, captured.err)

    return call


@pytest.fixture
def core(tmp_path: Path) -> Path:
    """The made-up process as a file."""
    path = tmp_path / "app.core"
    path.write_bytes(made_up_process()[0])
    return path

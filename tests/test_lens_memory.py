"""Memory does not grow with what is seen through a lens: the largest resident size of processes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from exports.test_export_memory import resident

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measured as Linux counts")

MIB = 1 << 20


def built(folder: Path, mib: int) -> int:
    """MiB resident at most while memory of every class is built, on the curve and by rows."""
    folder.mkdir()
    piece = np.random.default_rng(7).integers(0, 256, MIB).astype(np.uint8)
    piece[: MIB // 4] = 0
    piece[MIB // 4 : MIB // 2] = np.resize(np.frombuffer(b"Some text. ", np.uint8), MIB // 4)
    (folder / "dump.bin").write_bytes(piece.tobytes() * mib)
    (folder / "config.yaml").write_text(
        "dump: {path: dump.bin, format: raw}\npictures: {lenses: [class]}\n"
        "atlases: [{name: curve, layout: hilbert}, {name: landscape}]\n"
    )
    return resident("build", folder / "config.yaml", "--quiet")


def test_sixteen_times_the_memory_takes_hardly_more(tmp_path: Path) -> None:
    """A tile of each level waits, and there are two levels more: 95 and 109 MiB, measured."""
    small, large = built(tmp_path / "small", 16), built(tmp_path / "large", 256)
    assert large < small * 1.3
    assert large < 256
